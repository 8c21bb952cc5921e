//! Consumers in memory, and scrypt on this machine.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use async_trait::async_trait;

use super::Fault;
use crate::auth::certificate::Presented;
use crate::auth::consumer::{Certificate, Client, Consumer, Found, Key, Register, User};
use crate::auth::password::{self, HASH, Parameters};
use crate::ports::{Consumers, Passwords, PortError};

/// Whoever a test says.
#[derive(Default)]
pub struct MemoryConsumers {
    register: RefCell<Register>,
    /// How calls go wrong.
    pub fault: Cell<Fault>,
    /// How many calls were made, failed ones included.
    pub calls: Cell<usize>,
}

impl MemoryConsumers {
    /// Knows these consumers and no others from now on.
    pub fn set(&self, consumers: Vec<Consumer>) {
        *self.register.borrow_mut() = Register::of(consumers.into_iter().map(Rc::new).collect());
    }

    fn ask<T>(&self, look: impl FnOnce(&Register) -> T) -> Result<T, PortError> {
        self.calls.set(self.calls.get() + 1);
        self.fault.get().before("consumers")?;
        let found = look(&self.register.borrow());
        self.fault.get().after("consumers")?;
        Ok(found)
    }
}

#[async_trait(?Send)]
impl Consumers for MemoryConsumers {
    async fn key(&self, id: &str) -> Result<Option<Found<Key>>, PortError> {
        self.ask(|register| register.key(id))
    }

    async fn user(&self, name: &str) -> Result<Option<Found<User>>, PortError> {
        self.ask(|register| register.user(name))
    }

    async fn certificate(&self, presented: &Presented) -> Result<Vec<Found<Certificate>>, PortError> {
        self.ask(|register| register.certificate(presented))
    }

    async fn client(&self, issuer: Option<&str>, id: &str) -> Result<Option<Found<Client>>, PortError> {
        self.ask(|register| register.client(issuer, id))
    }

    async fn named(&self, name: &str) -> Result<Option<Rc<Consumer>>, PortError> {
        self.ask(|register| register.named(name))
    }
}

/// scrypt on this machine.
#[derive(Default)]
pub struct NativePasswords {
    /// How calls go wrong.
    pub fault: Cell<Fault>,
    /// How many calls were made, failed ones included.
    pub calls: Cell<usize>,
}

impl Passwords for NativePasswords {
    fn scrypt(&self, password: &[u8], salt: &[u8], parameters: Parameters) -> Result<[u8; HASH], PortError> {
        self.calls.set(self.calls.get() + 1);
        self.fault.get().before("passwords")?;
        let hash = password::scrypt(password, salt, parameters).map_err(|detail| PortError { port: "passwords", detail })?;
        self.fault.get().after("passwords")?;
        Ok(hash)
    }
}
