//! What every implementation of [`crate::ports::Background`] does.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::{Outcome, World, hold, request};

pub(super) async fn background(World { ports, settle, .. }: &World) -> Outcome {
    let done: [Rc<Event>; 2] = Default::default();
    for event in done.clone() {
        let fetch = ports.fetch.clone();
        ports.background.spawn(Box::pin(async move {
            let _ = fetch.fetch(request("GET", "http://origin.contract/plain")).await;
            event.happen();
        }));
    }
    hold(!done.iter().any(|event| event.happened.get()), "work ran before the reply")?;
    settle().await;
    // Work that never runs is found by the time that the whole test has.
    for event in &done {
        poll_fn(|context| event.poll(context)).await;
    }
    Ok(())
}

/// Something that happens once, and one who waits for it.
#[derive(Default)]
struct Event {
    happened: Cell<bool>,
    waiting: Cell<Option<Waker>>,
}

impl Event {
    fn happen(&self) {
        self.happened.set(true);
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.happened.get() {
            return Poll::Ready(());
        }
        self.waiting.set(Some(context.waker().clone()));
        Poll::Pending
    }
}
