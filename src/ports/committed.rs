//! The consumers of the routes files, read when somebody asks for one first.

use std::cell::OnceCell;
use std::rc::Rc;

use async_trait::async_trait;

use super::{Consumers, PortError};
use crate::auth::certificate::Presented;
use crate::auth::consumer::{Certificate, Client, Consumer, Found, Key, Register, User};

/// Consumers as the native command has compiled them.
#[derive(Default)]
pub struct Committed {
    written: String,
    register: OnceCell<Result<Register, String>>,
}

impl Committed {
    /// These consumers and no others.
    pub fn of(consumers: Vec<Consumer>) -> Self {
        Self { written: String::new(), register: OnceCell::from(Ok(Register::of(consumers))) }
    }

    /// The consumers of a JSON text, which is not read yet.
    pub fn written(text: &str) -> Self {
        Self { written: text.to_owned(), register: OnceCell::new() }
    }

    fn register(&self) -> Result<&Register, PortError> {
        let register = self.register.get_or_init(|| match self.written.as_str() {
            "" => Ok(Register::default()),
            text => serde_json::from_str(text).map(Register::of).map_err(|error| format!("the consumers cannot be read: {error}")),
        });
        register.as_ref().map_err(|detail| PortError { port: "consumers", detail: detail.clone() })
    }
}

#[async_trait(?Send)]
impl Consumers for Committed {
    async fn key(&self, id: &str) -> Result<Option<Found<Key>>, PortError> {
        Ok(self.register()?.key(id))
    }

    async fn user(&self, name: &str) -> Result<Option<Found<User>>, PortError> {
        Ok(self.register()?.user(name))
    }

    async fn certificate(&self, presented: &Presented) -> Result<Vec<Found<Certificate>>, PortError> {
        Ok(self.register()?.certificate(presented))
    }

    async fn client(&self, issuer: Option<&str>, id: &str) -> Result<Option<Found<Client>>, PortError> {
        Ok(self.register()?.client(issuer, id))
    }

    async fn named(&self, name: &str) -> Result<Option<Rc<Consumer>>, PortError> {
        Ok(self.register()?.named(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;

    #[test]
    fn consumers_are_read_when_asked_for_and_what_cannot_be_read_is_told() {
        let id = "aaaaaaaaaaaa";
        let good = Committed::written(r#"[{"name":"acme","claims":{},"keys":[{"id":"aaaaaaaaaaaa","hash":""}]}]"#);
        assert!(good.register.get().is_none());
        assert_eq!(&*block_on(good.key(id)).unwrap().unwrap().consumer.name, "acme");
        assert_eq!(block_on(Committed::default().key(id)), Ok(None));
        assert!(block_on(Committed::written("[{").key(id)).is_err());
    }
}
