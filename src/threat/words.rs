//! The words that detectors know. Each value is read once, word by word; whatever is not in this table is passed over.

/// What a word may be; one word may be several things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind(u32);

impl Kind {
    /// Nothing that is known.
    pub const NONE: Self = Self(0);
    /// A statement's or a clause's keyword of SQL.
    pub const SQL: Self = Self(SQL);
    /// A function or procedure of SQL that does something.
    pub const SQL_CALL: Self = Self(SQL_CALL);
    /// A name of a database's own tables and variables.
    pub const SQL_SCHEMA: Self = Self(SQL_SCHEMA);
    /// A word that joins conditions.
    pub const LOGIC: Self = Self(LOGIC);
    /// A command that is hardly ever another word.
    pub const COMMAND: Self = Self(COMMAND);
    /// A command that is also an everyday word.
    pub const COMMAND_WORD: Self = Self(COMMAND_WORD);
    /// A function of a program that runs code or commands.
    pub const CODE: Self = Self(CODE);
    /// A name that scripts in pages use.
    pub const JS: Self = Self(JS);
    /// A part of a file's name that nobody asks for.
    pub const FILE: Self = Self(FILE);
    /// A name of a template engine's inside.
    pub const TEMPLATE: Self = Self(TEMPLATE);
    /// A name or an operator of a document database.
    pub const DB: Self = Self(DB);
    /// A header or a command of mail and HTTP.
    pub const HEADER: Self = Self(HEADER);
    /// A part of a host's name.
    pub const HOST: Self = Self(HOST);
    /// A URL's scheme.
    pub const SCHEME: Self = Self(SCHEME);
    /// An axis or a function of XPath.
    pub const XPATH: Self = Self(XPATH);
    /// A scanner's name.
    pub const SCANNER: Self = Self(SCANNER);
    /// A name that serialised objects have.
    pub const OBJECT: Self = Self(OBJECT);
    /// A lookup of log4j.
    pub const LOOKUP: Self = Self(LOOKUP);
    /// A word of programs.
    pub const PROGRAM: Self = Self(PROGRAM);

    /// Whether it may be one of `other`.
    pub const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Either.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

const SQL: u32 = 1 << 0;
const SQL_CALL: u32 = 1 << 1;
const SQL_SCHEMA: u32 = 1 << 2;
const LOGIC: u32 = 1 << 3;
const COMMAND: u32 = 1 << 4;
const COMMAND_WORD: u32 = 1 << 5;
const CODE: u32 = 1 << 6;
const JS: u32 = 1 << 7;
const FILE: u32 = 1 << 8;
const TEMPLATE: u32 = 1 << 9;
const DB: u32 = 1 << 10;
const HEADER: u32 = 1 << 11;
const HOST: u32 = 1 << 12;
const SCHEME: u32 = 1 << 13;
const XPATH: u32 = 1 << 14;
const SCANNER: u32 = 1 << 15;
const OBJECT: u32 = 1 << 16;
const LOOKUP: u32 = 1 << 17;
const PROGRAM: u32 = 1 << 18;

/// The number that a word is looked up by; begin with [`SEED`] and take its bytes in, in lower case.
pub const fn mix(hash: u32, byte: u8) -> u32 {
    (hash ^ byte as u32).wrapping_mul(0x0100_0193)
}

/// The number of no word.
pub const SEED: u32 = 0x811c_9dc5;

/// What a word in lower case may be, by its bytes and the number that [`mix`] makes of them; `None` for one that no detector knows.
pub fn kind(word: &[u8], hash: u32) -> Option<Kind> {
    let lengths = LENGTHS.get(usize::from(*word.first()?))?;
    if word.len() >= 32 || lengths & (1 << word.len()) == 0 {
        return None;
    }
    let mut slot = slot(hash);
    loop {
        let at = usize::from(*SLOTS.get(slot)?).checked_sub(1)?;
        let (known, kind) = WORDS.get(at)?;
        if known.as_bytes() == word {
            return Some(Kind(*kind));
        }
        slot = (slot + 1) % SLOTS.len();
    }
}

/// For each first byte, the lengths that known words with it have: most words end here.
static LENGTHS: [u32; 256] = lengths();

/// The words are sorted, so one walk over them fills the table.
const fn lengths() -> [u32; 256] {
    let mut lengths = [0u32; 256];
    let mut rest: &mut [u32] = &mut lengths;
    let (mut words, mut byte) = (WORDS, 0u8);
    while let Some((lengths, others)) = rest.split_first_mut() {
        while let Some(((word, _), behind)) = words.split_first()
            && let Some(first) = word.as_bytes().first()
            && *first == byte
        {
            *lengths |= 1 << word.len();
            words = behind;
        }
        byte = byte.wrapping_add(1);
        rest = others;
    }
    lengths
}

/// Where each word stands in [`WORDS`], counted from 1, at the slot of its number or the next that was free; more than half are 0.
static SLOTS: [u16; 2048] = slots();

const fn slot(hash: u32) -> usize {
    (hash >> 21) as usize
}

const fn slots() -> [u16; 2048] {
    let mut slots = [0u16; 2048];
    let (mut words, mut at) = (WORDS, 0u16);
    while let Some(((word, _), behind)) = words.split_first() {
        let (mut hash, mut bytes) = (SEED, word.as_bytes());
        while let Some((byte, others)) = bytes.split_first() {
            hash = mix(hash, *byte);
            bytes = others;
        }
        at += 1;
        let mut free = slot(hash);
        while let (_, [taken, ..]) = slots.split_at(free)
            && *taken != 0
        {
            free = (free + 1) % 2048;
        }
        if let (_, [slot, ..]) = slots.split_at_mut(free) {
            *slot = at;
        }
        words = behind;
    }
    slots
}

#[rustfmt::skip]
const WORDS: &[(&str, u32)] = &[
    ("__base__", TEMPLATE), ("__bases__", TEMPLATE), ("__builtins__", TEMPLATE), ("__class__", TEMPLATE), ("__dict__", TEMPLATE),
    ("__globals__", TEMPLATE), ("__import__", CODE | TEMPLATE), ("__init__", TEMPLATE), ("__mro__", TEMPLATE), ("__proto__", OBJECT),
    ("__subclasses__", TEMPLATE), ("_memberaccess", TEMPLATE), ("_self", TEMPLATE), ("a", OBJECT), ("absinthe", SCANNER),
    ("access", FILE | HEADER), ("access_log", FILE), ("accumulator", DB), ("acunetix", SCANNER), ("adduser", COMMAND), ("aggregate", DB),
    ("alert", JS), ("all", DB), ("all_tab_columns", SQL_SCHEMA), ("all_tables", SQL_SCHEMA), ("alter", SQL), ("ancestor", XPATH),
    ("and", LOGIC), ("apache2", FILE), ("app", TEMPLATE), ("append", PROGRAM), ("application", TEMPLATE), ("appscan", SCANNER),
    ("apt", COMMAND), ("arachni", SCANNER), ("args", PROGRAM), ("aria2c", COMMAND), ("arp", COMMAND_WORD), ("ascii", SQL_CALL),
    ("assert", CODE | PROGRAM), ("assert_eq", PROGRAM), ("assign", TEMPLATE), ("async", PROGRAM), ("at", COMMAND_WORD), ("atob", JS),
    ("attacker", HOST), ("attr", TEMPLATE), ("attribute", XPATH), ("auth", HEADER), ("authorized_keys", FILE), ("autoexec", FILE),
    ("await", PROGRAM), ("awk", COMMAND), ("backup", SQL), ("base64", COMMAND), ("base64_decode", CODE), ("base64_encode", CODE),
    ("bash", COMMAND), ("bash_history", FILE), ("bashrc", FILE), ("bcc", HEADER), ("beans", TEMPLATE), ("benchmark", SQL_CALL),
    ("between", SQL), ("bitsadmin", COMMAND), ("boot", FILE), ("boot_ini", FILE), ("brutus", SCANNER), ("bsqlbf", SCANNER),
    ("bundle", LOOKUP), ("burp", SCANNER), ("burpcol", HOST), ("burpcollaborator", HOST), ("burpsuite", SCANNER), ("busybox", COMMAND),
    ("bxss", HOST), ("bzr", FILE), ("c", OBJECT), ("cache", HEADER), ("cacls", COMMAND), ("call_user_func", CODE),
    ("canarytokens", HOST), ("capability", HEADER), ("case", SQL), ("cast", SQL), ("cat", COMMAND_WORD), ("catch", PROGRAM),
    ("cc", COMMAND | HEADER), ("censys", SCANNER), ("certutil", COMMAND), ("ceye", HOST), ("char", SQL_CALL), ("child", XPATH),
    ("child_process", CODE),
    ("chmod", COMMAND), ("choice", COMMAND_WORD), ("chown", COMMAND), ("chr", SQL_CALL), ("class", TEMPLATE | OBJECT | PROGRAM),
    ("classforname", TEMPLATE),
    ("classloader", OBJECT),
    ("cmd", COMMAND | TEMPLATE), ("cmdline", FILE), ("cmsmap", SCANNER), ("collection", DB), ("column_name", SQL_SCHEMA),
    ("com", OBJECT), ("comment", XPATH), ("commix", SCANNER), ("commons", OBJECT), ("compile", CODE), ("compress", SCHEME),
    ("concat", XPATH), ("config", FILE | TEMPLATE), ("confirm", JS), ("connection", HEADER), ("connection_id", SQL_SCHEMA),
    ("const", PROGRAM),
    ("constructor", JS | TEMPLATE | OBJECT), ("contains", XPATH), ("content", HEADER), ("convert", SQL), ("cookie", JS),
    ("copy", COMMAND_WORD), ("corba", SCHEME), ("count", XPATH), ("cp", COMMAND), ("create", SQL), ("create_function", CODE),
    ("createobject", CODE), ("credentials", FILE), ("crontab", COMMAND | FILE), ("crypt_key", SQL_CALL), ("csh", COMMAND),
    ("ctx", LOOKUP), ("ctxsys", SQL_CALL), ("curl", COMMAND | COMMAND_WORD), ("current_user", SQL_SCHEMA), ("cut", COMMAND_WORD),
    ("cycler", TEMPLATE), ("dalfox", SCANNER), ("data", HEADER | SCHEME), ("database", SQL), ("datadir", SQL_SCHEMA),
    ("date", COMMAND_WORD | HEADER | LOOKUP), ("db", DB), ("dbms_ldap", SQL_CALL), ("dbms_lock", SQL_CALL), ("dbms_pipe", SQL_CALL),
    ("dbms_session", SQL_CALL),
    ("dbo", SQL_CALL), ("dd", COMMAND), ("declare", SQL), ("def", PROGRAM), ("define", PROGRAM), ("del", COMMAND_WORD), ("delete", SQL),
    ("descendant", XPATH), ("detectify", SCANNER), ("dict", SCHEME), ("die", CODE), ("dig", COMMAND), ("dir", COMMAND_WORD),
    ("dirb", SCANNER), ("dirbuster", SCANNER), ("dirsearch", SCANNER), ("dns", SCHEME), ("dnslog", HOST), ("doc", XPATH),
    ("docker", LOOKUP), ("document", JS), ("domain", JS), ("dpkg", COMMAND), ("droopescan", SCANNER), ("drop", SQL | DB),
    ("ds_store", FILE), ("dump", TEMPLATE), ("dumpfile", SQL_CALL), ("echo", COMMAND_WORD), ("egrep", COMMAND), ("ehlo", HEADER),
    ("elemmatch", DB), ("elif", PROGRAM), ("elt", SQL_CALL), ("endif", PROGRAM), ("endswith", PROGRAM), ("env", COMMAND | FILE | LOOKUP),
    ("environ", FILE), ("eprintln", PROGRAM), ("err", PROGRAM), ("error", FILE), ("error_log", FILE),
    ("eval", COMMAND_WORD | CODE | JS | TEMPLATE), ("event", LOOKUP), ("evil", HOST), ("except", PROGRAM),
    ("exec", SQL | COMMAND_WORD | CODE | TEMPLATE), ("execfile", CODE), ("execfilesync", CODE), ("execsync", CODE),
    ("execute", SQL | CODE), ("exists", DB), ("exit", CODE), ("expect", SCHEME | HEADER), ("expn", HEADER), ("export", COMMAND_WORD),
    ("exports", PROGRAM),
    ("expr", COMMAND_WORD | DB), ("expression", JS), ("expunge", HEADER), ("extends", PROGRAM), ("extractvalue", SQL_CALL),
    ("eyes", HOST), ("feroxbuster", SCANNER), ("fetch", SQL | COMMAND | JS | HEADER), ("ffuf", SCANNER), ("fgrep", COMMAND),
    ("fhscan", SCANNER), ("file", COMMAND_WORD | SCHEME), ("file_get_contents", CODE | TEMPLATE), ("file_put_contents", CODE),
    ("finally", PROGRAM), ("find", COMMAND_WORD | DB), ("findone", DB), ("finger", COMMAND_WORD), ("fn", PROGRAM),
    ("fn_varbintohexstr", SQL_CALL), ("fold", COMMAND_WORD), ("following", XPATH), ("foreach", PROGRAM), ("format", PROGRAM),
    ("forname", TEMPLATE), ("freemarker", TEMPLATE), ("from", SQL | HEADER), ("fromcharcode", JS), ("fstab", FILE),
    ("ftp", COMMAND | SCHEME), ("function", JS | DB | PROGRAM), ("fuzz", SCANNER), ("gawk", COMMAND), ("gcc", COMMAND),
    ("generate_series", SQL_CALL), ("get", HEADER), ("get_flashed_messages", TEMPLATE), ("getattr", CODE | TEMPLATE),
    ("getclass", TEMPLATE), ("getcollection", DB), ("getcollectionnames", DB), ("getent", COMMAND), ("gethostbyname", CODE),
    ("getruntime", CODE), ("getscript", JS), ("git", FILE), ("glob", SCHEME), ("global", FILE), ("globalthis", JS), ("gobuster", SCANNER),
    ("golismero", SCANNER), ("gopher", SCHEME), ("grabber", SCANNER), ("grep", COMMAND), ("group", SQL | FILE),
    ("group_concat", SQL_SCHEMA), ("groups", COMMAND_WORD), ("gt", DB), ("gte", DB), ("gtid_subset", SQL_CALL),
    ("gtid_subtract", SQL_CALL), ("gunzip", COMMAND), ("gzinflate", CODE),
    ("gzip", COMMAND), ("halt", COMMAND), ("handler", SQL), ("havij", SCANNER), ("having", SQL | LOGIC), ("head", COMMAND_WORD),
    ("helo", HEADER), ("hg", FILE), ("history", COMMAND_WORD), ("host", COMMAND_WORD | HEADER), ("hostname", SQL_SCHEMA | COMMAND),
    ("hosts", FILE), ("htaccess", FILE), ("htpasswd", FILE), ("http", HEADER | SCHEME), ("httpd", FILE), ("https", SCHEME),
    ("hydra", SCANNER), ("icacls", COMMAND), ("id", COMMAND | TEMPLATE), ("id_dsa", FILE), ("id_rsa", FILE), ("ifconfig", COMMAND),
    ("ifdef", PROGRAM), ("iiop", SCHEME), ("impl", PROGRAM), ("import", TEMPLATE | PROGRAM | JS), ("importscripts", JS),
    ("include", TEMPLATE | PROGRAM | CODE), ("include_once", CODE), ("inf", FILE), ("information_schema", SQL_SCHEMA), ("injection", DB),
    ("innerhtml", JS), ("insert", SQL | DB), ("int", PROGRAM), ("interact", HOST), ("interactsh", HOST | SCANNER), ("into", SQL),
    ("invicti", SCANNER), ("invokefunction", TEMPLATE), ("invokertransformer", OBJECT), ("ip", COMMAND_WORD), ("ipconfig", COMMAND),
    ("iptables", COMMAND), ("isinstance", PROGRAM), ("issue", FILE), ("jaeles", SCANNER), ("jar", SCHEME),
    ("java", TEMPLATE | OBJECT | COMMAND_WORD),
    ("javascript", JS), ("javassist", TEMPLATE), ("javax", TEMPLATE | OBJECT), ("jdbcrowsetimpl", OBJECT), ("jndi", LOOKUP),
    ("jobs", COMMAND_WORD), ("join", COMMAND_WORD), ("joiner", TEMPLATE), ("joomscan", SCANNER), ("jorgee", SCANNER),
    ("json_depth", SQL_CALL), ("json_extract", SQL_CALL), ("json_keys", SQL_CALL), ("jsonschema", DB), ("k8s", LOOKUP),
    ("kill", COMMAND_WORD), ("killall", COMMAND), ("known_hosts", FILE), ("ksh", COMMAND), ("kubernetes", HOST), ("kwargs", PROGRAM),
    ("lambda", PROGRAM),
    ("last", COMMAND_WORD | XPATH), ("ldap", SCHEME), ("ldaps", SCHEME), ("len", PROGRAM), ("less", COMMAND_WORD), ("let", PROGRAM),
    ("like", LOGIC), ("limit", SQL), ("lipsum", TEMPLATE), ("list", TEMPLATE | HEADER), ("livescript", JS), ("lo_export", SQL_CALL),
    ("lo_import", SQL_CALL), ("load_extension", SQL_CALL), ("load_file", SQL_CALL), ("local", XPATH), ("local_", HOST),
    ("localdomain", HOST), ("localhost", HOST), ("localtest", HOST), ("locate", COMMAND_WORD), ("location", JS | HEADER),
    ("login", HEADER), ("logout", HEADER), ("look", COMMAND_WORD), ("loopback", HOST), ("lower", LOOKUP), ("ls", COMMAND),
    ("lsof", COMMAND), ("lt", DB), ("lte", DB), ("lua", COMMAND), ("lvh", HOST), ("lynx", COMMAND), ("macro", TEMPLATE),
    ("mail", HEADER), ("mailto", SCHEME), ("main", LOOKUP), ("mainmodule", TEMPLATE), ("make", COMMAND_WORD), ("make_set", SQL_CALL),
    ("man", COMMAND_WORD), ("map", LOOKUP), ("mapreduce", DB), ("marker", LOOKUP), ("masscan", SCANNER), ("master", SQL_CALL),
    ("match", PROGRAM), ("md5", CODE | TEMPLATE), ("merge", SQL), ("metadata", HOST), ("metasploit", SCANNER), ("mime", HEADER),
    ("mkfifo", COMMAND), ("mkfs", COMMAND), ("mknod", COMMAND), ("mod", DB), ("module", PROGRAM), ("more", COMMAND_WORD),
    ("morfeus", SCANNER), ("motd", FILE), ("mount", COMMAND_WORD), ("move", COMMAND_WORD), ("mshta", COMMAND),
    ("msysobjects", SQL_SCHEMA), ("mut", PROGRAM), ("mv", COMMAND), ("my", FILE), ("mysql", SQL_SCHEMA), ("mysql_history", FILE),
    ("name", XPATH), ("name_const", SQL_CALL), ("namespace", TEMPLATE), ("nano", COMMAND), ("nasl", SCANNER), ("nc", COMMAND),
    ("ncat", COMMAND),
    ("nd_func", OBJECT), ("nd_regexp", OBJECT), ("ne", DB), ("nessus", SCANNER), ("net", COMMAND_WORD | FILE), ("netcat", COMMAND),
    ("netdoc", SCHEME), ("netsparker", SCANNER), ("netstat", COMMAND), ("new", TEMPLATE), ("nexpose", SCANNER), ("ngrok", HOST),
    ("nikto", SCANNER), ("nin", DB), ("nip", HOST), ("nis", SCHEME), ("nl", COMMAND), ("nmap", COMMAND | SCANNER),
    ("node", COMMAND | XPATH), ("nohup", COMMAND), ("none", PROGRAM), ("noop", HEADER), ("nor", DB), ("normalize", XPATH),
    ("not", LOGIC), ("nslookup", COMMAND), ("ntuser", FILE), ("nuclei", SCANNER), ("o", OBJECT), ("oast", HOST), ("oastify", HOST),
    ("object", OBJECT), ("objectdataprovider", OBJECT), ("od", COMMAND), ("ogg", SCHEME), ("ognl", TEMPLATE), ("onerror", JS),
    ("opendatasource", SQL_CALL), ("openrowset", SQL_CALL), ("openssl", COMMAND), ("openvas", SCANNER), ("openvasvt", SCANNER),
    ("options", DB), ("or", LOGIC), ("order", SQL), ("org", OBJECT), ("os", TEMPLATE), ("outerhtml", JS), ("outfile", SQL_CALL),
    ("owasp", SCANNER), ("package", PROGRAM), ("paloalto", SCANNER), ("pangolin", SCANNER), ("parent", XPATH), ("paros", SCANNER),
    ("passthru", CODE | TEMPLATE), ("passwd", COMMAND | FILE), ("password", DB), ("pcntl_exec", CODE), ("perl", COMMAND),
    ("pg_catalog", SQL_SCHEMA), ("pg_read_file", SQL_CALL), ("pg_shadow", SQL_SCHEMA), ("pg_sleep", SQL_CALL), ("phar", SCHEME),
    ("php", COMMAND | FILE | SCHEME), ("phpinfo", COMMAND | CODE | TEMPLATE), ("pickle", OBJECT), ("ping", COMMAND), ("ping6", COMMAND),
    ("pipedream", HOST), ("pkill", COMMAND), ("popen", CODE | TEMPLATE), ("popen2", CODE), ("position", XPATH), ("post", HEADER),
    ("powershell", COMMAND), ("preceding", XPATH), ("print", CODE | JS | TEMPLATE | PROGRAM), ("print_r", CODE | TEMPLATE),
    ("printenv", COMMAND), ("printf", COMMAND | PROGRAM), ("println", PROGRAM), ("private", PROGRAM), ("proc_open", CODE),
    ("procedure", SQL | SQL_CALL), ("process", TEMPLATE | CODE), ("processbuilder", CODE | TEMPLATE), ("profile", FILE),
    ("projectdiscovery", SCANNER), ("prompt", JS), ("prototype", OBJECT), ("ps", COMMAND), ("pub", PROGRAM), ("public", PROGRAM),
    ("pwd", COMMAND), ("pwsh", COMMAND), ("python", COMMAND | OBJECT), ("python2", COMMAND), ("python3", COMMAND), ("qualys", SCANNER),
    ("quit", HEADER), ("raise", PROGRAM), ("raise_error", SQL_CALL), ("randomblob", SQL_CALL), ("range", TEMPLATE | PROGRAM),
    ("range_", TEMPLATE),
    ("rapid7", SCANNER), ("rar", SCHEME), ("rcpt", HEADER), ("read", COMMAND_WORD), ("reboot", COMMAND), ("receive_message", SQL_CALL),
    ("refresh", HEADER), ("reg", COMMAND), ("regex", DB), ("regexp", SQL), ("regexp_substring", SQL_CALL), ("regsvr32", COMMAND),
    ("remove", DB), ("reply", HEADER), ("request", TEMPLATE), ("requestbin", HOST), ("require", CODE | PROGRAM), ("require_once", CODE),
    ("response", CODE), ("restore", SQL), ("return", PROGRAM), ("returns", DB), ("rev", COMMAND), ("rlike", SQL | LOGIC),
    ("rm", COMMAND), ("rmdir", COMMAND), ("rmi", SCHEME), ("root", XPATH), ("route", COMMAND_WORD), ("rpm", COMMAND), ("rset", HEADER),
    ("rsync", COMMAND), ("ruby", COMMAND | OBJECT), ("rundll32", COMMAND), ("runtime", CODE | TEMPLATE), ("sam", FILE),
    ("schema_name", SQL_SCHEMA), ("schtasks", COMMAND), ("scp", COMMAND), ("script", JS), ("sd", LOOKUP), ("search", HEADER),
    ("sed", COMMAND), ("select", SQL | HEADER), ("self", JS | FILE | TEMPLATE | XPATH | PROGRAM), ("serialize", OBJECT),
    ("server", CODE), ("service", COMMAND_WORD), ("session", TEMPLATE), ("session_user", SQL_SCHEMA), ("set", COMMAND_WORD | HEADER),
    ("setinterval", JS), ("settimeout", JS), ("settings", TEMPLATE), ("settings_secret", TEMPLATE), ("settingsmodule", TEMPLATE),
    ("sftp", SCHEME), ("sh", COMMAND), ("shadow", FILE), ("shell_exec", CODE), ("shutdown", SQL | COMMAND), ("size", DB),
    ("size_t", PROGRAM), ("sizeof", PROGRAM), ("skipfish", SCANNER), ("sleep", SQL_CALL | COMMAND_WORD), ("slice", DB),
    ("smarty", TEMPLATE), ("smb", SCHEME), ("socat", COMMAND), ("some", PROGRAM), ("some_host", HOST), ("sort", COMMAND_WORD),
    ("source", COMMAND_WORD), ("sp_executesql", SQL_CALL), ("sp_oacreate", SQL_CALL), ("sp_password", SQL_CALL), ("spawn", CODE),
    ("spawnsync", CODE), ("split", COMMAND_WORD), ("spring", LOOKUP), ("sql_variant", SQL_SCHEMA), ("sqlite_master", SQL_SCHEMA),
    ("sqlite_schema", SQL_SCHEMA), ("sqlmap", SCANNER), ("sqlninja", SCANNER), ("sr", OBJECT), ("ss", COMMAND), ("ssh", COMMAND),
    ("ssh2", SCHEME), ("sshd", COMMAND), ("sslip", HOST), ("st_latfromgeohash", SQL_CALL), ("st_longfromgeohash", SQL_CALL),
    ("st_pointfromgeohash", SQL_CALL), ("start", COMMAND_WORD), ("starts", XPATH), ("startswith", PROGRAM),
    ("starttls", HEADER), ("stat", COMMAND_WORD), ("static", PROGRAM), ("stats", DB), ("status", HEADER), ("store", HEADER),
    ("str_rot13", CODE), ("strict", HEADER), ("string", JS | XPATH), ("string_agg", SQL_SCHEMA), ("strings", COMMAND), ("struct", PROGRAM),
    ("struts", SCANNER), ("su", COMMAND), ("subject", HEADER), ("subprocess", CODE), ("substring", XPATH), ("success", DB),
    ("sudo", COMMAND), ("sudoers", FILE), ("sum", COMMAND_WORD), ("sun", OBJECT), ("svn", FILE), ("sys", LOOKUP),
    ("syscolumns", SQL_SCHEMA), ("sysdatabases", SQL_SCHEMA), ("sysnative", FILE), ("sysobjects", SQL_SCHEMA),
    ("system", CODE | FILE | TEMPLATE), ("system32", FILE), ("system_user", SQL_SCHEMA), ("systeminfo", COMMAND),
    ("sysusers", SQL_SCHEMA), ("t", TEMPLATE), ("table", SQL), ("table_name", SQL_SCHEMA), ("table_schema", SQL_SCHEMA),
    ("tac", COMMAND), ("tail", COMMAND_WORD), ("tar", COMMAND), ("taskkill", COMMAND), ("tasklist", COMMAND), ("tcpdump", COMMAND),
    ("tcsh", COMMAND), ("tee", COMMAND_WORD), ("telnet", COMMAND), ("templatesimpl", OBJECT), ("test", COMMAND_WORD),
    ("text", DB | XPATH), ("tftp", COMMAND | SCHEME), ("this", PROGRAM), ("throw", PROGRAM), ("time", COMMAND_WORD),
    ("timeout", COMMAND), ("to", HEADER), ("top", COMMAND_WORD | JS), ("touch", COMMAND_WORD), ("tplmap", SCANNER),
    ("traceroute", COMMAND), ("tracert", COMMAND), ("trailer", HEADER), ("transfer", HEADER), ("translate", XPATH), ("truncate", SQL),
    ("try", PROGRAM),
    ("type", COMMAND_WORD), ("typedef", PROGRAM), ("typeof", PROGRAM), ("uint8_t", PROGRAM), ("uname", COMMAND), ("unattend", FILE),
    ("unhex", SQL_CALL), ("union", SQL), ("unixprintservice", OBJECT), ("unlink", COMMAND), ("unparsed", XPATH), ("unsigned", PROGRAM),
    ("unwrap", PROGRAM), ("unzip", COMMAND), ("update", SQL | DB), ("updatexml", SQL_CALL), ("upper", LOOKUP), ("url", SCHEME),
    ("url_for", TEMPLATE), ("user_tables", SQL_SCHEMA), ("useradd", COMMAND), ("users", COMMAND_WORD | DB), ("utl_http", SQL_CALL),
    ("utl_inaddr", SQL_CALL), ("v_version", SQL_SCHEMA), ("values", SQL), ("var", PROGRAM), ("var_dump", CODE), ("vbscript", JS),
    ("vcap", HOST), ("vega", SCANNER), ("version", SQL_SCHEMA | FILE), ("vi", COMMAND), ("view", SCHEME), ("vim", COMMAND),
    ("void", PROGRAM), ("vrfy", HEADER), ("w", COMMAND), ("w3af", SCANNER), ("wafw00f", SCANNER), ("wait", COMMAND_WORD),
    ("waitfor", SQL | SQL_CALL), ("wapiti", SCANNER), ("watch", COMMAND_WORD), ("web", FILE | LOOKUP), ("webinspect", SCANNER),
    ("wfuzz", SCANNER), ("wget", COMMAND), ("whatwaf", SCANNER), ("whatweb", SCANNER), ("when", LOGIC), ("where", SQL | LOGIC | DB),
    ("which", COMMAND_WORD), ("while", PROGRAM), ("who", COMMAND_WORD), ("whoami", COMMAND), ("win", FILE), ("window", JS),
    ("windows", FILE), ("winnt", FILE), ("wmic", COMMAND), ("wp", FILE), ("wpscan", SCANNER), ("write", COMMAND_WORD), ("ws", SCHEME),
    ("wscript", CODE), ("wss", SCHEME), ("x", HEADER), ("xargs", COMMAND), ("xip", HOST), ("xmldecoder", OBJECT), ("xmltype", SQL_CALL),
    ("xor", LOGIC), ("xp_cmdshell", SQL_CALL), ("xp_dirtree", SQL_CALL), ("xp_regread", SQL_CALL), ("xss", HOST), ("xsser", SCANNER),
    ("xsstrike", SCANNER), ("xterm", COMMAND), ("xxd", COMMAND), ("ysoserial", OBJECT), ("yum", COMMAND), ("zaproxy", SCANNER),
    ("zgrab", SCANNER),
    ("zip", SCHEME), ("zlib", SCHEME), ("zmeu", SCANNER), ("zsh", COMMAND),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn look(word: &str) -> Option<Kind> {
        kind(word.as_bytes(), word.bytes().fold(SEED, mix))
    }

    #[test]
    fn every_word_is_found_and_no_other() {
        assert!(WORDS.is_sorted_by(|a, b| a.0 < b.0), "sorted, and each word once");
        assert!(WORDS.len() * 2 <= SLOTS.len(), "{} words are too many for the slots", WORDS.len());
        for (word, known) in WORDS {
            assert_eq!(look(word), Some(Kind(*known)), "{word}");
        }
        for word in ["", "selects", "unio", "zzz", "a_word_that_is_longer_than_all_known_ones"] {
            assert_eq!(look(word), None, "{word}");
        }
    }
}
