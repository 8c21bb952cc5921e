//! What is known of a request afterwards: the access record and the trace context.

pub mod line;
pub mod record;
pub mod recorder;
pub mod time;
pub mod trace;
