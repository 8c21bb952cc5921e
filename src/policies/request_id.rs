//! Gives every request an id, in the reply, to the origin and in the record: the caller's own where it is well-formed.

use super::prelude::*;

/// What the registry knows of it.
pub const FACTS: Facts = Facts { once: true, everywhere: true, ..Facts::of("request_id") };

/// The longest id that is accepted, in bytes.
const LONGEST: usize = 128;

/// `{ request_id = {} }`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The header field that brings the id and carries it on; `x-request-id` where absent. `x-request-id` is always set as well.
    #[serde(default = "x_request_id")]
    header: String,
    /// Whether an id that the client sends is taken over, if it has 1 to 128 of `A-Z a-z 0-9 . _ ~ - + / = : @`. True where absent.
    #[serde(default = "yes")]
    accept: bool,
}

fn x_request_id() -> String {
    "x-request-id".to_owned()
}

fn yes() -> bool {
    true
}

/// Where the id stands, and whether the client's is taken.
pub struct RequestId {
    header: HeaderName,
    accept: bool,
}

impl RequestId {
    /// # Errors
    /// Where `header` is not a name for a header field.
    pub fn compile(config: Config, _: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        let header = super::headers::field_name("header", &config.header)?;
        Ok(Self { header, accept: config.accept })
    }
}

fn is_well_formed(id: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._~-+/=:@".contains(&b);
    (1..=LONGEST).contains(&id.len()) && id.bytes().all(allowed)
}

#[async_trait(?Send)]
impl Policy for RequestId {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        let mut sent = request.headers.get_all(&self.header).iter();
        if self.accept
            && let (Some(id), None) = (sent.next(), sent.next())
            && let Some(id) = id.to_str().ok().filter(|id| is_well_formed(id))
        {
            id.clone_into(&mut cx.request_id);
        }
        if let Ok(id) = HeaderValue::try_from(cx.request_id.as_str()) {
            cx.reply_headers.push((self.header.clone(), id.clone()));
            request.headers.insert(self.header.clone(), id);
        }
        Ok(Flow::Next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Scene;
    use futures::executor::block_on;

    fn check(toml: &str, sent: &[(&str, &str)], expect: Option<&str>) {
        let scene = Scene::of("GET", "https://api.example/", sent);
        let policy = scene.compile(toml, RequestId::compile).unwrap();
        let (mut cx, mut request) = (scene.exchange(), scene.request());
        let made = cx.request_id.clone();
        assert!(matches!(block_on(policy.on_request(&mut cx, &mut request)), Ok(Flow::Next)));
        assert_eq!(cx.request_id, expect.unwrap_or(&made), "{toml} {sent:?}");
        assert_eq!(request.header(policy.header.as_str()), Some(cx.request_id.as_str()), "{toml} {sent:?}");
        assert_eq!(cx.reply_headers.len(), 1);
    }

    #[test]
    fn a_well_formed_id_is_taken_over_and_any_other_replaced() {
        let long = "a".repeat(128);
        check("", &[], None);
        check("", &[("x-request-id", "abc-123")], Some("abc-123"));
        check("", &[("x-request-id", &long)], Some(&long));
        check("", &[("x-request-id", &format!("{long}a"))], None);
        check("", &[("x-request-id", "")], None);
        check("", &[("x-request-id", "a b")], None);
        check("", &[("x-request-id", "<script>")], None);
        check("", &[("x-request-id", "a"), ("x-request-id", "b")], None);
        check("accept = false", &[("x-request-id", "abc")], None);
        check("header = 'x-correlation-id'", &[("x-request-id", "abc"), ("x-correlation-id", "def")], Some("def"));
    }

    #[test]
    fn a_wrong_name_is_refused() {
        Scene::refuses(&[("header = 'a b'", "not a header field's name")], RequestId::compile);
    }
}
