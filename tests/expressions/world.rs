//! One request, as the gateway and as the `cel` crate see it, and one way of writing a value down.

use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use archway::auth::identity::Identity;
use archway::expr::Expression;
use archway::expr::value::{List, Map, Value};
use archway::memory::Scene;
use cel::objects::Key;
use cel::{Context, Env, extensions};
use serde_json::{Value as Json, json};

/// The claims of the identity.
pub fn claims() -> Json {
    json!({
        "sub": "u-1", "level": 3, "share": 0.5, "big": 18_446_744_073_709_551_615u64, "admin": true, "none": null, "empty": "",
        "roles": ["reader", "writer"], "numbers": [1, 2.5, -3, 0], "mixed": [1, "1", true, null, [1], { "a": 1 }],
        "org": { "id": 7, "name": "Acme", "tags": ["a", "b"] }
    })
}

fn scopes() -> [&'static str; 2] {
    ["read:orders", "write:orders"]
}

/// What the gateway's evaluator says; `None` where it refuses the expression before there is a request.
pub fn ours(text: &str) -> Option<Result<String, String>> {
    let expression = Expression::parse(text).ok()?;
    let shipped = serde_json::to_string(&expression).unwrap();
    let expression: Expression = serde_json::from_str(&shipped).unwrap();
    let scene = Scene::of("GET", "https://api.example/v1/things?q=a+b&n=7", &[("accept", "text/html"), ("x-n", "42")]);
    let mut cx = scene.exchange();
    cx.identity = Some(Identity {
        kind: "jwt",
        subject: "u-1".to_owned(),
        scopes: scopes().iter().map(|scope| (*scope).to_owned()).collect(),
        claims: Rc::new(claims().as_object().unwrap().clone()),
        ..Identity::default()
    });
    let request = scene.request();
    let value = expression.value(&cx, &request);
    Some(value.map(|value| show(&value)).map_err(|error| error.to_string()))
}

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    env.add_extension(extensions::strings).unwrap();
    Arc::new(env)
});

/// What the crate says.
pub fn theirs(text: &str) -> Result<String, String> {
    let program = ENV.compile(text).map_err(|error| format!("not compiled: {error}"))?;
    let mut context = Context::with_env(ENV.clone());
    let request = json!({
        "method": "GET", "path": "/v1/things", "host": "api.example", "query": { "q": "a b", "n": "7" },
        "header": { "accept": "text/html", "x-n": "42" },
    });
    context.add_variable_from_value("request", of_json(&request));
    context.add_variable_from_value("identity", of_json(&json!({ "subject": "u-1", "kind": "jwt", "scopes": scopes() })));
    context.add_variable_from_value("claims", of_json(&claims()));
    program.execute(&context).map(|value| show_theirs(&value)).map_err(|error| error.to_string())
}

fn of_json(json: &Json) -> cel::Value {
    match json {
        Json::Null => cel::Value::Null,
        Json::Bool(value) => cel::Value::Bool(*value),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => cel::Value::Int(number),
            (None, Some(number)) => cel::Value::UInt(number),
            (None, None) => cel::Value::Float(number.as_f64().unwrap()),
        },
        Json::String(text) => cel::Value::String(Arc::new(text.clone())),
        Json::Array(items) => cel::Value::List(Arc::new(items.iter().map(of_json).collect())),
        Json::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| (Key::String(Arc::new(key.clone())), of_json(value)));
            cel::Value::Map(cel::objects::Map { map: Arc::new(entries.collect()) })
        }
    }
}

fn double(number: f64) -> String {
    if number.is_nan() { "double NaN".to_owned() } else { format!("double {number:?}") }
}

fn map(mut entries: Vec<String>) -> String {
    entries.sort();
    format!("{{{}}}", entries.join(", "))
}

fn show(value: &Value<'_>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => format!("int {number}"),
        Value::Uint(number) => format!("uint {number}"),
        Value::Double(number) => double(*number),
        Value::Text(text) => format!("{:?}", &**text),
        Value::Bytes(bytes) => format!("bytes {bytes:?}"),
        Value::Timestamp(at) => format!("timestamp {at}"),
        Value::Duration(span) => format!("duration {}", span.0),
        Value::Ip(address) => format!("ip {address}"),
        Value::Cidr(network) => format!("cidr {network}"),
        Value::Type(name) => format!("type {name}"),
        Value::List(list) => format!("[{}]", List::items(list).map(|item| show(&item)).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => map(Map::keys(entries)
            .iter()
            .map(|key| format!("{}: {}", show(key), show(&entries.value(key, &mut Default::default()).unwrap().unwrap())))
            .collect()),
    }
}

fn show_theirs(value: &cel::Value) -> String {
    match value {
        cel::Value::Null => "null".to_owned(),
        cel::Value::Bool(value) => value.to_string(),
        cel::Value::Int(number) => format!("int {number}"),
        cel::Value::UInt(number) => format!("uint {number}"),
        cel::Value::Float(number) => double(*number),
        cel::Value::String(text) => format!("{:?}", &**text),
        cel::Value::Bytes(bytes) => format!("bytes {:?}", &***bytes),
        cel::Value::Timestamp(at) => {
            let at_utc = at.naive_utc();
            let text = at_utc.format("%Y-%m-%dT%H:%M:%S%.9f").to_string();
            let text = text.trim_end_matches('0').trim_end_matches('.');
            format!("timestamp {text}Z")
        }
        cel::Value::Duration(span) => format!("duration {}", span.num_nanoseconds().unwrap()),
        cel::Value::List(items) => format!("[{}]", items.iter().map(show_theirs).collect::<Vec<_>>().join(", ")),
        cel::Value::Map(entries) => map(entries
            .map
            .iter()
            .map(|(key, value)| {
                let key = match key {
                    Key::Int(number) => format!("int {number}"),
                    Key::Uint(number) => format!("uint {number}"),
                    Key::Bool(value) => value.to_string(),
                    Key::String(text) => format!("{:?}", &**text),
                };
                format!("{key}: {}", show_theirs(value))
            })
            .collect()),
        other => format!("{other:?}"),
    }
}
