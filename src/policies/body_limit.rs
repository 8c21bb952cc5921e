//! Refuses a request whose body is larger than the route allows (413, RFC 9110 section 15.5.14).

use super::prelude::*;
use crate::config::values::ByteSize;

/// What the registry knows of it.
pub const FACTS: Facts = Facts { once: true, shields: Some(Shields::Requests), ..Facts::of("body_limit") };

/// `{ body_limit = "64KB" }`: the largest body that may pass.
///
/// It takes the place of `limits.body` in gateway.toml, be it lower or higher; with `when`, for the requests that it is for. Where a
/// chain has several with `when`, the lowest of those that are for a request counts. What stands before it in the chain reads no more of
/// a body than its own limit allows.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Config(ByteSize);

/// Holds the largest body, in bytes, that may pass.
pub struct BodyLimit {
    max: u64,
}

impl BodyLimit {
    /// Never fails: a [`ByteSize`] is right by construction.
    pub fn compile(config: Config, _: &mut Compiler<'_>) -> Result<Self, ConfigError> {
        Ok(Self { max: config.0.bytes() })
    }
}

#[async_trait(?Send)]
impl Policy for BodyLimit {
    async fn on_request(&self, cx: &mut Exchange<'_>, request: &mut Request) -> Result<Flow, GatewayError> {
        match request.content_length() {
            Some(length) if length > self.max => Err(GatewayError::BodyTooLarge { max: self.max }),
            Some(_) => Ok(Flow::Next),
            None => {
                cx.body_max = Some(cx.body_max.map_or(self.max, |max| max.min(self.max)));
                Ok(Flow::Next)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Body;
    use crate::memory::{ChunkedBody, Scene};
    use futures::executor::block_on;

    fn check(fields: &[(&str, &str)], body: Body, before: Option<u64>, expect: Result<Option<u64>, u64>) {
        let scene = Scene::of("POST", "https://api.example/", fields);
        let policy = BodyLimit { max: 4 };
        let (mut cx, mut request) = (scene.exchange(), Request { body, ..scene.request() });
        cx.body_max = before;
        let got = match block_on(policy.on_request(&mut cx, &mut request)) {
            Ok(_) => Ok(cx.body_max),
            Err(GatewayError::BodyTooLarge { max }) => Err(max),
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(got, expect, "{fields:?}");
    }

    #[test]
    fn a_known_length_is_refused_at_once_and_an_unknown_one_is_counted() {
        let streamed = || ChunkedBody::body(&["abc", "def"]);
        check(&[], Body::Empty, None, Ok(None));
        check(&[], Body::Full("abcd".into()), None, Ok(None));
        check(&[], Body::Full("abcde".into()), None, Err(4));
        check(&[("content-length", "5")], streamed(), None, Err(4));
        check(&[("content-length", "4")], streamed(), None, Ok(None));
        check(&[], streamed(), None, Ok(Some(4)));
        check(&[], streamed(), Some(2), Ok(Some(2)));
        check(&[("content-length", "1"), ("content-length", "2")], streamed(), None, Ok(Some(4)));
        check(&[("content-length", "+1")], streamed(), None, Ok(Some(4)));
    }
}
