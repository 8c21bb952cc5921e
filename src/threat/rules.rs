//! The rules: what each is called, what class it counts for, from which level it looks, and how much it counts.

use super::settings::{Class, Level};

macro_rules! rules {
    ($($rule:ident: $id:literal, $class:ident, $level:literal, $score:literal, $about:literal;)+) => {
        /// A sign that a detector looks for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Rule { $(#[doc = $about] $rule,)+ }

        /// All rules, in the order of the reference.
        pub const ALL: &[Rule] = &[$(Rule::$rule,)+];

        impl Rule {
            /// The stable name.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$rule => $id,)+ }
            }

            /// What it counts for.
            pub const fn class(self) -> Class {
                match self { $(Self::$rule => Class::$class,)+ }
            }

            /// From which level on it looks.
            pub const fn level(self) -> Level {
                match self { $(Self::$rule => Level::of($level),)+ }
            }

            /// How much it counts.
            pub const fn score(self) -> u32 {
                match self { $(Self::$rule => $score,)+ }
            }

            /// What it sees.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$rule => $about,)+ }
            }
        }
    };
}

rules! {
    SqliGrammar: "sqli-grammar", Sqli, 1, 5, "libinjection reads a short value as a piece of SQL that breaks out of its place";
    SqliGrammarInText: "sqli-grammar-in-text", Sqli, 3, 5, "the same in a long text or an everyday phrase";
    SqliUnion: "sqli-union", Sqli, 1, 5, "`UNION SELECT`, also with comments or escapes between and within the words";
    SqliTautology: "sqli-tautology", Sqli, 2, 5, "a condition that always or never holds: `or 1=1`, `and 'a'='b'`";
    SqliCondition: "sqli-condition", Sqli, 2, 5, "a quote that ends a text, and a condition or a clause behind it: `' or id is not null`";
    SqliFunction: "sqli-function", Sqli, 1, 5, "a call that waits, asks, reads files or runs commands: `sleep(`, `waitfor delay`, `like schema()`, `xp_cmdshell`";
    SqliSchema: "sqli-schema", Sqli, 2, 4, "names of a database's own tables and variables: `information_schema`, `@@version`";
    SqliStatement: "sqli-statement", Sqli, 2, 5, "a statement, whole or behind a semicolon: `; drop table`, `(select ... from`";
    SqliComment: "sqli-comment", Sqli, 2, 4, "comments where only a database needs them: `/*!50000`, `un/**/ion`";
    SqliEnd: "sqli-end", Sqli, 3, 3, "a quote followed by a comment to the end of the statement";
    XssGrammar: "xss-grammar", Xss, 1, 5, "libinjection reads markup that runs a program, in a short value";
    XssGrammarInText: "xss-grammar-in-text", Xss, 3, 5, "the same where a program or a document has it too";
    XssScript: "xss-script", Xss, 1, 5, "a script element or an address that is a program: `<script`, `javascript:`";
    XssHandler: "xss-handler", Xss, 1, 5, "an event's attribute in a tag or behind a quote: `<img onerror=`, `\" onfocus=`";
    XssCode: "xss-code", Xss, 2, 5, "a call that proofs of scripting make: `alert(1)`, `eval(atob(`, `document.cookie`";
    TraversalDots: "traversal-dots", Traversal, 1, 5, "two steps up or more: `../../`, `..\\..\\`";
    TraversalStep: "traversal-step", Traversal, 3, 3, "one step up";
    TraversalDisguised: "traversal-disguised", Traversal, 1, 5, "steps up that were hidden: `....//`, `..;/`, overlong or twice escaped";
    TraversalFile: "traversal-file", Traversal, 1, 5, "a file that nobody asks for: `/etc/passwd`, `win.ini`, `.git/config`, also with wildcards";
    TraversalFileInText: "traversal-file-in-text", Traversal, 3, 4, "the same named in a long text";
    TraversalWrapper: "traversal-wrapper", Traversal, 1, 5, "a stream wrapper that reads or runs: `php://filter`, `file:///`, `expect://`";
    TraversalNull: "traversal-null", Traversal, 2, 5, "a null byte in a name";
    CommandChain: "command-chain", Command, 1, 5, "a command behind a separator: `; cat /`, `| whoami`, `&& ls -`";
    CommandChainWeak: "command-chain-weak", Command, 3, 4, "the same without an argument that only a command has, or in a long text";
    CommandSubstitution: "command-substitution", Command, 1, 5, "a command within backticks or `$( )`";
    CommandShell: "command-shell", Command, 2, 5, "a shell or an interpreter that is told to run: `/bin/sh`, `bash -c`, `cmd.exe /c`, `/dev/tcp/`";
    CommandHidden: "command-hidden", Command, 1, 5, "a command or file spelt with wildcards, empty quotes or empty variables";
    CommandShellshock: "command-shellshock", Command, 1, 5, "a function definition that old shells run: `() { :; };`";
    CommandCode: "command-code", Command, 2, 5, "a call that runs commands from a program: `system(`, `<?php`, `Runtime.getRuntime()`";
    SsrfMetadata: "ssrf-metadata", Ssrf, 1, 5, "the address of a cloud's metadata";
    SsrfLoopback: "ssrf-loopback", Ssrf, 2, 5, "a URL of the server itself, in any spelling: `127.0.0.1`, `[::1]`, `2130706433`, `0x7f.1`";
    SsrfPrivate: "ssrf-private", Ssrf, 3, 5, "a URL of a private network";
    SsrfScheme: "ssrf-scheme", Ssrf, 1, 5, "a URL of a scheme that only a server would follow: `gopher:`, `dict:`, `ldap:`, `jar:`";
    SsrfCallback: "ssrf-callback", Ssrf, 1, 5, "a host that answers to testers: `*.oast.me`, `*.burpcollaborator.net`";
    TemplateArithmetic: "template-arithmetic", Template, 1, 5, "a sum within a template's brackets: `{{7*7}}`, `${7*7}`, `<%= 7*7 %>`";
    TemplateObject: "template-object", Template, 1, 5, "a template that reaches for its engine: `{{config`, `__class__`, `T(java.lang`, `#_memberAccess`";
    TemplateInclude: "template-include", Template, 1, 5, "a directive of the server: `<!--#exec`, `<#assign`, `<esi:include`";
    NosqlOperator: "nosql-operator", Nosql, 1, 5, "an operator as a name: `user[$ne]`, `{\"$gt\": ...}`";
    NosqlExpression: "nosql-expression", Nosql, 2, 5, "an operator or a call within a value: `$where:`, `db.users.drop(`";
    LdapFilter: "ldap-filter", Ldap, 1, 5, "brackets that change a directory's filter: `*)(uid=*`, `(|(objectclass=*))`";
    XpathExpression: "xpath-expression", Xpath, 2, 5, "axes and functions of XPath: `/child::`, `string-length(name(`, `']|//*`";
    MailHeader: "mail-header", Mail, 2, 5, "a line break followed by a header or a command of mail: `\\nBcc:`, `\\r\\nRCPT TO:`";
    XxeEntity: "xxe-entity", Xxe, 1, 5, "a document type with entities or an external part";
    XxeInclude: "xxe-include", Xxe, 1, 5, "an inclusion of another document: `<xi:include`, `xml-stylesheet`";
    ObjectJava: "object-java", Objects, 1, 5, "serialised Java, or a class that gadget chains begin with";
    ObjectPhp: "object-php", Objects, 1, 5, "a serialised PHP object: `O:8:\"stdClass\":`";
    ObjectOther: "object-other", Objects, 1, 5, "serialised objects of Node, Python, Ruby, .NET or YAML that run on reading";
    Prototype: "prototype", Objects, 1, 5, "a name that reaches an object's prototype: `__proto__`, `constructor.prototype`";
    LookupJndi: "lookup-jndi", Lookup, 1, 5, "a lookup of log4j that loads code, however nested: `${jndi:`, `${${lower:j}ndi:`";
    LookupNested: "lookup-nested", Lookup, 2, 4, "nested lookups, as they hide another: `${${`, `${::-`";
    RedirectForeign: "redirect-foreign", Redirect, 2, 5, "a target that looks local and is not: `//host`, `/\\host`, `https:host`, `https://here@there`";
    RedirectAbsolute: "redirect-absolute", Redirect, 3, 5, "a redirect parameter with another host";
    CrlfHeader: "crlf-header", Crlf, 1, 5, "a line break followed by a header field or another request";
    ScannerAgent: "scanner-agent", Scanner, 1, 5, "a scanner that gives its name";
    ScannerProbe: "scanner-probe", Scanner, 2, 5, "a path or a field that only scanners ask for";
    GraphqlIntrospection: "scanner-graphql", Scanner, 3, 5, "a question for a GraphQL service's whole schema";
}

/// The reference's table of rules, in markdown.
#[cfg(not(target_arch = "wasm32"))]
pub fn markdown() -> String {
    use std::fmt::Write;
    let mut table = String::from("| rule | class | level | score | sees |\n|---|---|---|---|---|\n");
    for rule in ALL {
        let about = rule.about().replace('|', "\\|");
        let _ = writeln!(table, "| `{}` | `{}` | {} | {} | {about} |", rule.id(), rule.class().name(), rule.level().number(), rule.score());
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_tell_their_class() {
        let names: BTreeSet<_> = ALL.iter().map(|rule| rule.id()).collect();
        assert_eq!(names.len(), ALL.len());
        assert!(ALL.len() <= 64, "a value's signs are kept in 64 bits");
        for rule in ALL {
            assert!(rule.id().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", rule.id());
            assert!((3..=5).contains(&rule.score()) && !rule.about().is_empty(), "{}", rule.id());
        }
    }
}
