//! Makes expressions from bytes: each byte is a choice, so that a failure shrinks to the shortest expression.

/// What an expression is meant to give; one in ten gives something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Bytes,
    Time,
    Span,
    Ints,
    Texts,
    Map,
    Null,
}

const KINDS: &[Kind] = &[
    Kind::Bool,
    Kind::Int,
    Kind::Uint,
    Kind::Double,
    Kind::Text,
    Kind::Bytes,
    Kind::Time,
    Kind::Span,
    Kind::Ints,
    Kind::Texts,
    Kind::Map,
    Kind::Null,
];

const ORDERED: &[Kind] = &[Kind::Bool, Kind::Int, Kind::Uint, Kind::Double, Kind::Text, Kind::Bytes, Kind::Time, Kind::Span];

/// The choices that are left, and the variables that may be named.
pub struct Maker<'b> {
    bytes: std::slice::Iter<'b, u8>,
    locals: Vec<(String, Kind)>,
    /// Whether a map may stand where something else is meant; the crate goes through maps in an order of chance.
    maps: bool,
}

impl<'b> Maker<'b> {
    /// Takes the choices from these bytes; when they have run out, everything is the simplest.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes: bytes.iter(), locals: Vec::new(), maps: true }
    }

    fn below(&mut self, limit: usize) -> usize {
        self.bytes.next().map_or(0, |byte| usize::from(*byte) % limit)
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// An expression that gives a `kind`, most of the time.
    pub fn make(&mut self, kind: Kind, depth: usize) -> String {
        let other = if self.below(24) == 23 { self.pick(KINDS) } else { kind };
        let kind = if other == Kind::Map && !self.maps { kind } else { other };
        let local = self.locals.iter().rev().find(|(_, of)| *of == kind).map(|(name, _)| name.clone());
        if let Some(local) = local.filter(|_| self.below(3) == 1) {
            return local;
        }
        if depth == 0 {
            let leaf = self.leaf(kind).to_owned();
            return if self.below(3) == 1 { format!("dyn({leaf})") } else { leaf };
        }
        match self.below(8) {
            0 => self.make(kind, 0),
            1 => format!("({} ? {} : {})", self.make(Kind::Bool, depth - 1), self.make(kind, depth - 1), self.make(kind, depth - 1)),
            _ => self.call(kind, depth - 1),
        }
    }

    fn leaf(&mut self, kind: Kind) -> &'static str {
        match kind {
            Kind::Bool => self.pick(&[
                "true",
                "false",
                "claims.admin",
                "has(claims.admin)",
                "has(claims.absent)",
                "has(request.query.q)",
                "has(claims.org.name)",
            ]),
            Kind::Int => self.pick(&[
                "0",
                "1",
                "-1",
                "2",
                "7",
                "-13",
                "100",
                "9223372036854775807",
                "-9223372036854775808",
                "4611686018427387904",
                "claims.level",
                "claims.org.id",
                "claims.absent",
                "claims.numbers[0]",
            ]),
            Kind::Uint => self.pick(&["0u", "1u", "2u", "7u", "18446744073709551615u", "9223372036854775808u", "claims.big"]),
            Kind::Double => self.pick(&[
                "0.0",
                "1.0",
                "-1.5",
                "2.5",
                "1e30",
                "9007199254740993.0",
                "-0.0",
                "1e-7",
                "claims.share",
                "claims.numbers[1]",
                "9223372036854775808.0",
            ]),
            Kind::Text => self.pick(&[
                "''",
                "'a'",
                "'ab'",
                "'b'",
                "'A-é-B'",
                "'x,y,,z'",
                "'12'",
                "'-3'",
                "'1.5'",
                "'true'",
                "'1h30m'",
                "'1.5s'",
                "'0'",
                "'-2m3s'",
                "'NaN'",
                "'1e3'",
                "'+7'",
                "'0x1f'",
                "'T'",
                "'FALSE'",
                "'2026-02-30T00:00:00Z'",
                "'2026-01-01T00:00:00'",
                "'2026-02-28T23:30:00.5Z'",
                "claims.sub",
                "claims.org.name",
                "claims.empty",
                "request.method",
                "request.path",
                "request.query.q",
                "request.header.accept",
                "request.query['n']",
                "request.header['x-n']",
                "identity.subject",
                "' a\\t'",
                "r'\\d+'",
                "claims.roles[1]",
                "request.query.absent",
            ]),
            Kind::Bytes => self.pick(&["b''", "b'a'", "b'\\xff\\x00'", "b'ab'", "bytes('é')"]),
            Kind::Time => self.pick(&[
                "timestamp(0)",
                "timestamp('2026-02-28T23:30:00.5Z')",
                "timestamp('2024-02-29T12:00:00Z')",
                "timestamp('9999-12-31T23:59:59.999999999Z')",
                "timestamp('0001-01-01T00:00:00Z')",
                "timestamp('1969-12-31T23:59:59.999Z')",
                "timestamp(1700000000)",
            ]),
            Kind::Span => self.pick(&[
                "duration('0')",
                "duration('1s')",
                "duration('-1.5h')",
                "duration('250ms')",
                "duration('24h')",
                "duration('1h30m')",
                "duration('2562047h')",
            ]),
            Kind::Ints => self.pick(&["[]", "[1]", "[1, 2, 3]", "[0, -1]", "[2, 2]", "claims.numbers", "[1u, 2.0, 3]"]),
            Kind::Texts => {
                self.pick(&["[]", "['a']", "['a', 'b', 'é']", "claims.roles", "identity.scopes", "claims.org.tags", "['']", "claims.mixed"])
            }
            Kind::Map => self.pick(&[
                "{}",
                "{'a': 1}",
                "{'a': 1, 'b': [2]}",
                "{1: 'x', 2: 'y'}",
                "{true: 1, 2u: 2}",
                "claims.org",
                "claims",
                "{'a': {'a': 1}}",
                "request.query",
            ]),
            Kind::Null => self.pick(&["null", "claims.none"]),
        }
    }

    fn call(&mut self, kind: Kind, depth: usize) -> String {
        match kind {
            Kind::Bool => self.boolean(depth),
            Kind::Int => self.int(depth),
            Kind::Uint => match self.below(3) {
                0 => format!("uint({})", self.number(depth)),
                _ => self.arithmetic(kind, depth),
            },
            Kind::Double => match self.below(4) {
                0 => format!("double({})", self.number(depth)),
                1 => format!("-{}", self.operand(kind, depth)),
                _ => self.arithmetic(kind, depth),
            },
            Kind::Text => self.text(depth),
            Kind::Bytes => match self.below(2) {
                0 => format!("bytes({})", self.make(Kind::Text, depth)),
                _ => format!("({} + {})", self.make(kind, depth), self.make(kind, depth)),
            },
            Kind::Time => match self.below(5) {
                3 => format!("timestamp({})", self.make(Kind::Text, depth)),
                4 => format!("timestamp({})", self.make(Kind::Int, depth)),
                0 => format!("({} + {})", self.make(kind, depth), self.make(Kind::Span, depth)),
                1 => format!("({} - {})", self.make(kind, depth), self.make(Kind::Span, depth)),
                _ => format!("({} + {})", self.make(Kind::Span, depth), self.make(kind, depth)),
            },
            Kind::Span => match self.below(4) {
                3 => format!("duration({})", self.make(Kind::Text, depth)),
                0 => format!("({} + {})", self.make(kind, depth), self.make(kind, depth)),
                1 => format!("({} - {})", self.make(kind, depth), self.make(kind, depth)),
                _ => format!("({} - {})", self.make(Kind::Time, depth), self.make(Kind::Time, depth)),
            },
            Kind::Ints => match self.below(4) {
                0 => format!("({} + {})", self.make(kind, depth), self.make(kind, depth)),
                1 => self.each("map", Kind::Ints, Kind::Int, Kind::Int, depth),
                2 => self.each("filter", Kind::Ints, Kind::Int, Kind::Bool, depth),
                _ => format!("[{}, {}]", self.make(Kind::Int, depth), self.make(Kind::Int, depth)),
            },
            Kind::Texts => match self.below(6) {
                0 => format!("({} + {})", self.make(kind, depth), self.make(kind, depth)),
                1 => self.each("map", Kind::Texts, Kind::Text, Kind::Text, depth),
                2 => self.each("filter", Kind::Texts, Kind::Text, Kind::Bool, depth),
                3 => format!("{}.split({})", self.make(Kind::Text, depth), self.make(Kind::Text, 0)),
                4 => format!("{}.split({}, {})", self.make(Kind::Text, depth), self.make(Kind::Text, 0), self.pick(&["0", "1", "2", "-1"])),
                _ => format!("[{}, {}]", self.make(Kind::Text, depth), self.make(Kind::Text, depth)),
            },
            Kind::Map => format!(
                "{{{}: {}, {}: {}}}",
                self.make(Kind::Text, 0),
                self.make(Kind::Int, depth),
                self.make(Kind::Text, 0),
                self.make(Kind::Text, depth)
            ),
            Kind::Null => "null".to_owned(),
        }
    }

    fn number(&mut self, depth: usize) -> String {
        let kind = self.pick(&[Kind::Int, Kind::Uint, Kind::Double, Kind::Text]);
        self.make(kind, depth)
    }

    /// An operand that a sign may stand before.
    fn operand(&mut self, kind: Kind, depth: usize) -> String {
        format!("({})", self.make(kind, depth))
    }

    fn arithmetic(&mut self, kind: Kind, depth: usize) -> String {
        let sign = self.pick(if kind == Kind::Double { &["+", "-", "*", "/"] } else { &["+", "-", "*", "/", "%"] });
        format!("({} {sign} {})", self.make(kind, depth), self.make(kind, depth))
    }

    fn each(&mut self, name: &str, range: Kind, item: Kind, body: Kind, depth: usize) -> String {
        let maps = std::mem::replace(&mut self.maps, range == Kind::Map);
        let list = self.make(range, depth);
        self.maps = maps;
        let variable = format!("x{}", self.locals.len());
        self.locals.push((variable.clone(), item));
        let first = if name == "map" && self.below(4) == 1 { format!("{}, ", self.make(Kind::Bool, depth)) } else { String::new() };
        let body = self.make(body, depth);
        self.locals.pop();
        format!("{list}.{name}({variable}, {first}{body})")
    }

    fn boolean(&mut self, depth: usize) -> String {
        match self.below(17) {
            14 => format!("bool({})", self.make(Kind::Text, depth)),
            15 => format!("has({}.{})", self.make(Kind::Map, depth), self.pick(&["a", "id", "absent"])),
            16 => {
                let name = self.pick(&["all", "exists", "exists_one"]);
                self.each(name, Kind::Map, Kind::Text, Kind::Bool, depth)
            }
            0 => format!("({} && {})", self.make(Kind::Bool, depth), self.make(Kind::Bool, depth)),
            1 => format!("({} || {})", self.make(Kind::Bool, depth), self.make(Kind::Bool, depth)),
            2 => format!("!{}", self.operand(Kind::Bool, depth)),
            3 | 4 => {
                let kind = self.pick(KINDS);
                format!("({} {} {})", self.make(kind, depth), self.pick(&["==", "!="]), self.make(kind, depth))
            }
            5 => {
                let kind = self.pick(ORDERED);
                format!("({} {} {})", self.make(kind, depth), self.pick(&["<", "<=", ">", ">="]), self.make(kind, depth))
            }
            6 => {
                let (a, b) = (self.pick(&[Kind::Int, Kind::Uint, Kind::Double]), self.pick(&[Kind::Int, Kind::Uint, Kind::Double]));
                format!("({} {} {})", self.make(a, depth), self.pick(&["<", "<=", ">", ">=", "==", "!="]), self.make(b, depth))
            }
            7 => format!("({} in {})", self.make(Kind::Int, depth), self.make(Kind::Ints, depth)),
            8 => format!("({} in {})", self.make(Kind::Text, depth), self.make(Kind::Texts, depth)),
            9 => format!("({} in {})", self.make(Kind::Text, depth), self.make(Kind::Map, depth)),
            10 => {
                let name = self.pick(&["contains", "startsWith", "endsWith"]);
                format!("{}.{name}({})", self.make(Kind::Text, depth), self.make(Kind::Text, depth))
            }
            11 => format!(
                "{}.matches({})",
                self.make(Kind::Text, depth),
                self.pick(&["'a'", "'^a.*$'", "'[0-9]+'", "'(x|y)'", "'^$'", "r'\\d'"])
            ),
            12 => {
                let name = self.pick(&["all", "exists", "exists_one"]);
                match self.below(2) {
                    0 => self.each(name, Kind::Ints, Kind::Int, Kind::Bool, depth),
                    _ => self.each(name, Kind::Texts, Kind::Text, Kind::Bool, depth),
                }
            }
            _ => {
                let kind = self.pick(KINDS);
                let known = self.pick(&["int", "uint", "double", "string", "bool", "bytes", "list", "map", "null_type"]);
                format!("(type({}) == {known})", self.make(kind, depth))
            }
        }
    }

    fn int(&mut self, depth: usize) -> String {
        match self.below(12) {
            0 => {
                let kind = self.pick(&[Kind::Text, Kind::Bytes, Kind::Ints, Kind::Texts, Kind::Map]);
                if self.below(2) == 0 { format!("size({})", self.make(kind, depth)) } else { format!("{}.size()", self.make(kind, depth)) }
            }
            1 => format!("int({})", self.number(depth)),
            2 => format!("{}[{}]", self.make(Kind::Ints, depth), self.pick(&["0", "1", "2", "-1", "0u"])),
            3 => format!("{}.indexOf({})", self.make(Kind::Text, depth), self.make(Kind::Text, 0)),
            4 => format!("{}.lastIndexOf({})", self.make(Kind::Text, depth), self.make(Kind::Text, 0)),
            5 => {
                let part = self.pick(&[
                    "getFullYear",
                    "getMonth",
                    "getDate",
                    "getDayOfMonth",
                    "getDayOfWeek",
                    "getDayOfYear",
                    "getHours",
                    "getMinutes",
                    "getSeconds",
                    "getMilliseconds",
                ]);
                let zone = self.pick(&["", "'UTC'", "'+05:30'", "'-11:00'"]);
                format!("{}.{part}({zone})", self.make(Kind::Time, depth))
            }
            6 => format!("{}.{}()", self.make(Kind::Span, depth), self.pick(&["getHours", "getMinutes", "getSeconds"])),
            7 => format!("-{}", self.operand(Kind::Int, depth)),
            8 => format!("{}{}", self.make(Kind::Map, depth), self.pick(&["['a']", ".a", "[1]", ".id", "[true]"])),
            _ => self.arithmetic(Kind::Int, depth),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        let index = ["0", "1", "2", "3", "-1"];
        match self.below(12) {
            0 => format!("({} + {})", self.make(Kind::Text, depth), self.make(Kind::Text, depth)),
            1 => {
                let kind = self.pick(ORDERED);
                // What is computed may be infinite, and is written differently then.
                format!("string({})", self.make(kind, if kind == Kind::Double { 0 } else { depth }))
            }
            2 => format!("{}.{}()", self.make(Kind::Text, depth), self.pick(&["lowerAscii", "upperAscii", "trim"])),
            3 => format!("{}.substring({})", self.make(Kind::Text, depth), self.pick(&index)),
            4 => format!("{}.substring({}, {})", self.make(Kind::Text, depth), self.pick(&index), self.pick(&index)),
            5 => format!("{}.charAt({})", self.make(Kind::Text, depth), self.pick(&index)),
            6 => format!("{}.replace({}, {})", self.make(Kind::Text, depth), self.make(Kind::Text, 0), self.make(Kind::Text, 0)),
            7 => format!(
                "{}.replace({}, {}, {})",
                self.make(Kind::Text, depth),
                self.make(Kind::Text, 0),
                self.make(Kind::Text, 0),
                self.pick(&["0", "1", "-1"])
            ),
            8 => format!("{}.join()", self.make(Kind::Texts, depth)),
            9 => format!("{}.join({})", self.make(Kind::Texts, depth), self.make(Kind::Text, 0)),
            10 => format!("{}[{}]", self.make(Kind::Texts, depth), self.pick(&["0", "1", "7"])),
            _ => format!("{}{}", self.make(Kind::Map, depth), self.pick(&["['a']", ".name", "['q']"])),
        }
    }
}

/// An expression of some kind, made of these choices.
pub fn expression(bytes: &[u8]) -> String {
    let mut maker = Maker::new(bytes);
    let kind = maker.pick(KINDS);
    let depth = 1 + maker.below(3);
    maker.make(kind, depth)
}
