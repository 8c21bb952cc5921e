//! Futures on the runtime's own event loop, with as few turns of it as possible.
//!
//! A task is polled at once, and again in the very turn in which what it waits for settles: a request that needs one call to
//! an origin takes two turns, as it would in JavaScript. The general executor of `wasm-bindgen-futures` takes a microtask of
//! its own for every start and every wake, and two closures for every promise.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use wasm_bindgen::prelude::*;

use super::bridge;

type Work = Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>>;

/// From how many tasks on abandoned ones are looked for, and how old those are, in milliseconds. A client that goes away takes
/// its request's turns with it, so that what its task waits for never settles.
const MANY: usize = 1_024;
const ABANDONED_MS: f64 = 3_600_000.0;

/// A future and the promise it settles; no promise as long as it never had to wait.
struct Task {
    work: RefCell<Option<Work>>,
    promise: RefCell<Option<JsValue>>,
    /// Whether it was woken while it was being polled.
    woken: Cell<bool>,
    began_ms: f64,
}

/// Where a call into the runtime leaves its outcome.
#[derive(Default)]
struct Slot {
    outcome: Cell<Option<Result<JsValue, JsValue>>>,
    waker: Cell<Option<Waker>>,
}

thread_local! {
    static TASKS: RefCell<HashMap<u32, Rc<Task>>> = RefCell::new(HashMap::new());
    static SLOTS: RefCell<HashMap<u32, Rc<Slot>>> = RefCell::new(HashMap::new());
}

/// Wakes a task by its number: plain data, which may go where a task may not.
struct Bell(u32);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let task = TASKS.with(|tasks| tasks.borrow().get(&self.0).cloned());
        if let Some(task) = task {
            advance(self.0, &task);
        }
    }
}

/// Polls a task as far as it goes; gives its outcome where there is no promise that could take it.
fn advance(id: u32, task: &Rc<Task>) -> Option<Result<JsValue, JsValue>> {
    let Some(mut work) = task.work.take() else {
        task.woken.set(true);
        return None;
    };
    let waker = Waker::from(Arc::new(Bell(id)));
    loop {
        task.woken.set(false);
        match work.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Pending if task.woken.get() => {}
            Poll::Pending => {
                *task.work.borrow_mut() = Some(work);
                return None;
            }
            Poll::Ready(outcome) => {
                TASKS.with(|tasks| tasks.borrow_mut().remove(&id));
                let Some(promise) = task.promise.take() else { return Some(outcome) };
                bridge::settle_promise(&promise, outcome.is_ok(), outcome.unwrap_or_else(|error| error));
                return None;
            }
        }
    }
}

fn begin(work: Work) -> (u32, Rc<Task>) {
    let (id, began_ms) = (bridge::next_number(), js_sys::Date::now());
    let task = Rc::new(Task { work: RefCell::new(Some(work)), promise: RefCell::new(None), woken: Cell::new(false), began_ms });
    let abandoned: Vec<Rc<Task>> = TASKS.with(|tasks| {
        let mut tasks = tasks.borrow_mut();
        tasks.insert(id, task.clone());
        if tasks.len() < MANY || !tasks.len().is_power_of_two() {
            return Vec::new();
        }
        tasks.extract_if(|_, task| began_ms - task.began_ms > ABANDONED_MS).map(|(_, task)| task).collect()
    });
    // Dropped out here: a future's own end may come back to these maps.
    drop(abandoned);
    (id, task)
}

/// Runs a future: its outcome where it never has to wait, a promise of it otherwise.
pub fn run(work: Work) -> Result<JsValue, JsValue> {
    let (id, task) = begin(work);
    if let Some(outcome) = advance(id, &task) {
        return outcome;
    }
    let promise = bridge::deferred();
    let waiting = bridge::promise_of(&promise);
    *task.promise.borrow_mut() = Some(promise);
    Ok(waiting)
}

/// Runs a future after the present turn; the runtime is asked to keep the request's context only where it has to wait.
pub fn later(work: Work) {
    bridge::soon(begin(work).0);
}

/// Starts a future that [`later`] kept. Called by `bridge.js`.
#[wasm_bindgen(js_name = startTask)]
pub fn start_task(id: u32) {
    let Some(task) = TASKS.with(|tasks| tasks.borrow().get(&id).cloned()) else { return };
    if advance(id, &task).is_none() && task.work.borrow().is_some() {
        let promise = bridge::deferred();
        bridge::wait_until(&bridge::promise_of(&promise));
        *task.promise.borrow_mut() = Some(promise);
    }
}

/// Leaves the outcome of a call and wakes who waits for it. Called by `bridge.js`.
#[wasm_bindgen(js_name = settleCall)]
pub fn settle_call(id: u32, ok: bool, value: JsValue) {
    let Some(slot) = SLOTS.with(|slots| slots.borrow().get(&id).cloned()) else { return };
    slot.outcome.set(Some(if ok { Ok(value) } else { Err(value) }));
    if let Some(waker) = slot.waker.take() {
        waker.wake();
    }
}

/// An asynchronous call into the runtime.
pub struct Call {
    id: u32,
    slot: Rc<Slot>,
}

/// Begins a call; `start` hands its number to a function of `bridge.js`, which will settle it.
pub fn call(start: impl FnOnce(u32)) -> Call {
    let id = bridge::next_number();
    let slot = Rc::new(Slot::default());
    SLOTS.with(|slots| slots.borrow_mut().insert(id, slot.clone()));
    start(id);
    Call { id, slot }
}

impl Future for Call {
    type Output = Result<JsValue, JsValue>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.slot.outcome.take() {
            Some(outcome) => Poll::Ready(outcome),
            None => {
                self.slot.waker.set(Some(cx.waker().clone()));
                Poll::Pending
            }
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        SLOTS.with(|slots| slots.borrow_mut().remove(&self.id));
    }
}
