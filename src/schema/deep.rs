//! Objects and arrays whose members are told by brackets: `filter[age][from]=3&filter[tags][]=a` (OpenAPI's `deepObject`, and what
//! servers make of it beyond one level).

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::document::Value;
use super::parameters::Unread;
use super::shape::{Pairs, Shape, object};
use super::tree::kind;

/// Brackets behind each other.
const DEEPEST: usize = 8;

/// What stands behind one name.
#[derive(Default)]
struct Deep {
    texts: Vec<String>,
    inner: BTreeMap<String, Deep>,
}

/// The value of `name`, where any pair begins with it.
///
/// # Errors
/// Where there is none, one is there twice, or brackets do not match.
pub fn read(name: &str, shape: &Shape, pairs: &Pairs) -> Result<Value<'static>, Unread> {
    let mut root = Deep::default();
    let mut any = false;
    for (key, text) in &pairs.list {
        let Some(rest) = key.strip_prefix(name).filter(|rest| rest.starts_with('[')) else { continue };
        any = true;
        let mut at = &mut root;
        for step in steps(rest)? {
            at = at.inner.entry(step.to_owned()).or_default();
        }
        at.texts.push(pairs.coding.decoded(text));
    }
    if any { root.value(shape) } else { Err(Unread::Absent) }
}

/// `a` and `b` of `[a][b]`.
fn steps(rest: &str) -> Result<Vec<&str>, Unread> {
    let inner = rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).ok_or(Unread::Malformed)?;
    let steps: Vec<&str> = inner.split("][").collect();
    let fits = steps.len() <= DEEPEST && !steps.iter().any(|step| step.contains(['[', ']']));
    if fits { Ok(steps) } else { Err(Unread::Malformed) }
}

impl Deep {
    fn value(mut self, shape: &Shape) -> Result<Value<'static>, Unread> {
        if self.inner.is_empty() {
            return match (shape.is(kind::ARRAY), self.texts.pop(), self.texts.is_empty()) {
                (true, last, _) => Ok(Value::Array(self.texts.into_iter().chain(last).map(|text| shape.item(text)).collect())),
                (false, Some(text), true) => Ok(shape.scalar(text)),
                _ => Err(Unread::Repeated),
            };
        }
        if !self.texts.is_empty() {
            return Err(Unread::Malformed);
        }
        let counts = self.inner.keys().all(|step| step.len() <= 9 && step.bytes().all(|b| b.is_ascii_digit()));
        if counts && shape.is(kind::ARRAY) {
            let mut items: Vec<(u32, Deep)> = self.inner.into_iter().map(|(step, deep)| (step.parse().unwrap_or(0), deep)).collect();
            items.sort_by_key(|(place, _)| *place);
            let (any, mut all) = (Shape::default(), Vec::new());
            for (_, deep) in items {
                // `[]` by itself gathers items; `[0]` is one.
                match deep.inner.is_empty() {
                    true => all.extend(deep.texts.into_iter().map(|text| shape.item(text))),
                    false => all.push(deep.value(shape.items.as_deref().unwrap_or(&any))?),
                }
            }
            return Ok(Value::Array(all));
        }
        let any = Shape::default();
        let member = |(name, deep): (String, Deep)| Ok((Cow::Owned(name.clone()), deep.value(shape.of_member(&name).unwrap_or(&any))?));
        self.inner.into_iter().map(member).collect::<Result<_, _>>().map(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn brackets_lead_further_in() {
        let plain = |types| Shape { types, ..Shape::default() };
        let list = |items| Shape { types: kind::ARRAY, items: Some(Box::new(items)), ..Shape::default() };
        let object = |members: &[(&str, Shape)]| Shape {
            types: kind::OBJECT,
            members: members.iter().map(|(name, shape)| ((*name).to_owned(), shape.clone())).collect(),
            ..Shape::default()
        };
        let line = object(&[("price", plain(kind::STRING)), ("count", plain(kind::INTEGER))]);
        let shape = object(&[
            ("n", plain(kind::INTEGER)),
            ("tags", list(plain(kind::STRING))),
            ("range", object(&[("from", plain(kind::INTEGER))])),
            ("lines", list(line)),
        ]);
        for (text, expect) in [
            ("c[n]=1&d[n]=2", Ok(json!({ "n": 1 }))),
            ("c%5Bn%5D=1", Ok(json!({ "n": 1 }))),
            ("c[x]=a+b", Ok(json!({ "x": "a b" }))),
            ("c[tags]=a&c[tags]=b", Ok(json!({ "tags": ["a", "b"] }))),
            ("c[tags][]=a&c[tags][]=b", Ok(json!({ "tags": ["a", "b"] }))),
            ("c[tags][1]=b&c[tags][0]=a&c[tags][10]=c", Ok(json!({ "tags": ["a", "b", "c"] }))),
            ("c[range][from]=3", Ok(json!({ "range": { "from": 3 } }))),
            ("c[lines][0][count]=2&c[lines][0][price]=5", Ok(json!({ "lines": [{ "count": 2, "price": "5" }] }))),
            ("c[0]=a", Ok(json!({ "0": "a" }))),
            ("n=1", Err(Unread::Absent)),
            ("c=1", Err(Unread::Absent)),
            ("c[n]=1&c[n]=2", Err(Unread::Repeated)),
            ("c[n]=1&c[n][m]=2", Err(Unread::Malformed)),
            ("c[n", Err(Unread::Malformed)),
            ("c[n]x=1", Err(Unread::Malformed)),
            ("c[[n]]=1", Err(Unread::Malformed)),
            ("c[a][a][a][a][a][a][a][a][a]=1", Err(Unread::Malformed)),
        ] {
            let expect = expect.as_ref().map(Value::from).map_err(|unread| *unread);
            assert_eq!(read("c", &shape, &Pairs::of_form(text)), expect, "{text}");
        }
        assert_eq!(read("c", &list(plain(kind::INTEGER)), &Pairs::of_form("c[]=1&c[]=2")), Ok(Value::from(&json!([1, 2]))));
    }
}
