//! What a decision point is asked, and what tells two questions apart.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::written::Key;
use super::{Ask, Speech};
use crate::auth::identity::Identity;
use crate::exchange::Exchange;
use crate::http::{Body, HeaderMap, HeaderName, HeaderValue, Method, OriginRequest, Request, header, query};

impl Ask {
    /// The question about this request, as the policies before have left it.
    pub(super) fn question(&self, cx: &Exchange<'_>, request: &Request) -> OriginRequest {
        let mut headers = HeaderMap::new();
        let (method, body) = match &self.speech {
            Speech::ForwardAuth { .. } => {
                headers = self.forwarded(cx, request);
                (Method::GET, Body::Empty)
            }
            Speech::AuthZen { .. } | Speech::Opa { .. } => {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                (Method::POST, Body::Full(self.json(cx, request).to_string().into()))
            }
        };
        if let Some(bearer) = &self.bearer {
            headers.insert(header::AUTHORIZATION, bearer.clone());
        }
        for (name, value) in [("x-request-id", cx.request_id.clone()), ("traceparent", cx.trace.traceparent())] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        let (first_byte_ms, total_ms) = (self.timeout_ms, self.timeout_ms);
        OriginRequest { method, url: self.url.clone(), headers, body, first_byte_ms, total_ms }
    }

    /// The digest of what the verdict depends on: of the whole question, or of what `remember_by` names.
    pub(super) fn asked(&self, cx: &Exchange<'_>, request: &Request) -> [u8; 32] {
        let mut digest = Sha256::new();
        let mut part = |bytes: &[u8]| {
            digest.update((bytes.len() as u64).to_be_bytes());
            digest.update(bytes);
        };
        if self.remember_by.is_empty() {
            match &self.speech {
                Speech::ForwardAuth { .. } => {
                    for (name, value) in &self.forwarded(cx, request) {
                        part(name.as_str().as_bytes());
                        part(value.as_bytes());
                    }
                }
                Speech::AuthZen { .. } | Speech::Opa { .. } => part(self.json(cx, request).to_string().as_bytes()),
            }
        }
        for key in &self.remember_by {
            match key {
                Key::Identity => {
                    let known = cx.identity.as_ref().map(|identity| (self.known(cx, identity), &identity.subject));
                    part(json!(known).to_string().as_bytes());
                }
                Key::Ip => part(address(cx).as_bytes()),
                Key::Route => part(cx.route.as_ref().map_or("", |route| &route.id).as_bytes()),
                Key::Method => part(request.method.as_str().as_bytes()),
                Key::Path => part(request.target.path.as_bytes()),
                Key::Query => part(request.target.query.as_deref().unwrap_or_default().as_bytes()),
                Key::Header(name) => part(json!(values(&request.headers, name)).to_string().as_bytes()),
            }
        }
        digest.finalize().into()
    }

    /// The header fields of a forward-auth question.
    fn forwarded(&self, cx: &Exchange<'_>, request: &Request) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for name in &self.request_headers {
            for value in request.headers.get_all(name) {
                headers.append(name, value.clone());
            }
        }
        let target = &request.target;
        for (name, value) in [
            ("x-forwarded-method", request.method.as_str()),
            ("x-forwarded-proto", target.scheme),
            ("x-forwarded-host", &target.authority),
            ("x-forwarded-uri", &target.path_and_query()),
            ("x-forwarded-for", &address(cx)),
        ] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        headers
    }

    /// The body of an AuthZEN or OPA question. The same request gives the same text.
    fn json(&self, cx: &Exchange<'_>, request: &Request) -> Value {
        let target = &request.target;
        let route = cx.route.as_deref();
        let params: Map<String, Value> = cx.params.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let headers: Map<String, Value> =
            self.request_headers.iter().map(|name| (name.to_string(), json!(values(&request.headers, name.as_str())))).collect();
        let (route, api) = (route.map(|route| &*route.id), route.map(|route| &*route.api));
        match &self.speech {
            Speech::AuthZen { action, subject_type, resource_type, resource } => {
                let identity = cx.identity.as_ref();
                let text = |template| cx.render(template, request).unwrap_or_default();
                json!({
                    "subject": {
                        "type": subject_type,
                        "id": identity.map(|identity| &identity.subject),
                        "properties": identity.map(|identity| self.known(cx, identity)),
                    },
                    "action": { "name": text(action), "properties": { "method": request.method.as_str() } },
                    "resource": {
                        "type": resource_type,
                        "id": text(resource),
                        "properties": { "route": route, "api": api, "host": target.authority, "path": target.path,
                            "query": target.query, "params": params },
                    },
                    "context": { "ip": address(cx), "headers": headers },
                })
            }
            Speech::Opa { .. } | Speech::ForwardAuth { .. } => {
                let tells = matches!(self.speech, Speech::Opa { identity: true });
                let identity = cx.identity.as_ref().filter(|_| tells).map(|identity| {
                    let mut known = self.known(cx, identity);
                    known.insert("subject".to_owned(), json!(identity.subject));
                    known
                });
                let segments: Vec<&str> = target.path.split('/').filter(|segment| !segment.is_empty()).collect();
                let mut pairs: Map<String, Value> = Map::new();
                for (name, value) in query::pairs(target.query.as_deref().unwrap_or_default()) {
                    if let Value::Array(known) = pairs.entry(name.into_owned()).or_insert_with(|| json!([])) {
                        known.push(json!(value));
                    }
                }
                json!({ "input": {
                    "method": request.method.as_str(), "scheme": target.scheme, "host": target.authority, "path": target.path,
                    "segments": segments, "query": pairs, "params": params, "headers": headers, "route": route, "api": api,
                    "client": { "ip": address(cx) }, "identity": identity,
                } })
            }
        }
    }

    /// What is known of the identity besides its subject.
    fn known(&self, cx: &Exchange<'_>, identity: &Identity) -> Map<String, Value> {
        let claims: Map<String, Value> =
            self.claims.iter().filter_map(|path| Some((path.clone(), identity.claim(path)?.clone()))).collect();
        let mut known = Map::new();
        known.insert("kind".to_owned(), json!(identity.kind));
        known.insert("issuer".to_owned(), json!(identity.issuer));
        known.insert("consumer".to_owned(), json!(identity.consumer.as_deref()));
        known.insert("scopes".to_owned(), json!(&*identity.scopes));
        known.insert("roles".to_owned(), json!(cx.settings.roles.all(&identity.roles)));
        known.insert("groups".to_owned(), json!(&*identity.groups));
        known.insert("claims".to_owned(), Value::Object(claims));
        known
    }
}

fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
}

fn address(cx: &Exchange<'_>) -> String {
    cx.client.address.map(|address| address.to_string()).unwrap_or_default()
}
