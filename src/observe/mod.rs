//! What is known of a request afterwards: the access record and the trace context.

pub mod record;
pub mod trace;
