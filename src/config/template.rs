//! Texts with placeholders: `{id}` (a path parameter), `{path}`, `{claim.sub}`, `{request_id}`, `{client_ip}`, `{host}`,
//! `{method}`, `{query}`, `{route}`, `{api}`. `{{` and `}}` stand for plain braces.

/// One part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Plain text.
    Text(String),
    /// A path parameter, as it stands in the path.
    Param(String),
    /// The whole normalised path.
    Path,
    /// A claim of the identity, by its name; nested names are dotted.
    Claim(String),
    /// The request's id.
    RequestId,
    /// The client's address.
    ClientIp,
    /// The host that the client named.
    Host,
    /// The method.
    Method,
    /// The query without `?`.
    Query,
    /// The route's name.
    Route,
    /// The API's name.
    Api,
}

/// A parsed template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// In order.
    pub parts: Vec<Part>,
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// A message that says what is wrong, for a human.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '{' if chars.peek() == Some(&'{') => {
                    chars.next();
                    plain.push('{');
                }
                '}' if chars.peek() == Some(&'}') => {
                    chars.next();
                    plain.push('}');
                }
                '}' => return Err("`}` without `{`; write `}}` for a plain brace".to_owned()),
                '{' => {
                    let mut name = String::new();
                    loop {
                        match chars.next() {
                            Some('}') => break,
                            Some(c) => name.push(c),
                            None => return Err(format!("`{{{name}` is not closed by `}}`; write `{{{{` for a plain brace")),
                        }
                    }
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(placeholder(&name)?);
                }
                c => plain.push(c),
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts })
    }

    /// Names of the path parameters it reads.
    pub fn params(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Param(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether it reads the identity.
    pub fn reads_identity(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Claim(_)))
    }

    /// Fills the template in; a part that has no value gives `None` for the whole.
    pub fn render(&self, value: impl Fn(&Part) -> Option<String>) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                other => text.push_str(&value(other)?),
            }
        }
        Some(text)
    }
}

fn placeholder(name: &str) -> Result<Part, String> {
    if let Some(claim) = name.strip_prefix("claim.") {
        return if claim.is_empty() { Err("`{claim.}` names no claim".to_owned()) } else { Ok(Part::Claim(claim.to_owned())) };
    }
    Ok(match name {
        "path" => Part::Path,
        "request_id" => Part::RequestId,
        "client_ip" => Part::ClientIp,
        "host" => Part::Host,
        "method" => Part::Method,
        "query" => Part::Query,
        "route" => Part::Route,
        "api" => Part::Api,
        _ if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') => Part::Param(name.to_owned()),
        _ => return Err(format!("`{{{name}}}` is not a placeholder")),
    })
}
