//! The operators and functions that an expression may call, by the names that the compiled tree has for them.

macro_rules! functions {
    ($($variant:ident = $name:literal,)+) => {
        /// An operator or a function; a receiver is its first argument.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each is what CEL calls by its name")]
        pub enum Function { $($variant,)+ }

        impl Function {
            /// Every one.
            pub const ALL: &[Function] = &[$(Function::$variant,)+];

            /// Its name in CEL, or its sign.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

functions! {
    Not = "!",
    Negate = "neg",
    Add = "+",
    Subtract = "-",
    Multiply = "*",
    Divide = "/",
    Remainder = "%",
    Equal = "==",
    NotEqual = "!=",
    Less = "<",
    LessOrEqual = "<=",
    Greater = ">",
    GreaterOrEqual = ">=",
    In = "in",
    Index = "at",
    Size = "size",
    Contains = "contains",
    StartsWith = "startsWith",
    EndsWith = "endsWith",
    Matches = "matches",
    LowerAscii = "lowerAscii",
    UpperAscii = "upperAscii",
    Trim = "trim",
    Split = "split",
    Join = "join",
    Replace = "replace",
    Substring = "substring",
    IndexOf = "indexOf",
    LastIndexOf = "lastIndexOf",
    CharAt = "charAt",
    Int = "int",
    Uint = "uint",
    Double = "double",
    Text = "string",
    Bytes = "bytes",
    Bool = "bool",
    Timestamp = "timestamp",
    Duration = "duration",
    Dyn = "dyn",
    Type = "type",
    Ip = "ip",
    Cidr = "cidr",
    GetFullYear = "getFullYear",
    GetMonth = "getMonth",
    GetDate = "getDate",
    GetDayOfMonth = "getDayOfMonth",
    GetDayOfWeek = "getDayOfWeek",
    GetDayOfYear = "getDayOfYear",
    GetHours = "getHours",
    GetMinutes = "getMinutes",
    GetSeconds = "getSeconds",
    GetMilliseconds = "getMilliseconds",
}

impl Function {
    /// The one of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|function| function.name() == name)
    }
}
