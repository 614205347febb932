import BulkheadBenchmarkSupport

/// What to measure, as the command line says it.
struct Settings: ProgramSettings {
    var host: String?
    var port: Int?
    var unix: String?
    var serverCore: Int?
    var database = "main"
    var operation = "get"
    var mode = "async"
    var clients = 50
    var pipeline = 1
    var requests = 200_000
    var valueSize = 100
    var keys = 10
    var type = "string"
    var isCached = false
    var countAllocations = false
    var measuresWaitingMemory = false
    var spin: Int?
    var proofInterval = 0
    var idleNames = 0
    var busyCache = 0
    var isTLS = false
    var isInCluster = false
    var json = false

    static let program = "BulkheadThroughputBenchmark"
    static let summary =
        "Commands a second through a named database, and what they cost this process. "
        + "Without a server it starts one of its own on a loopback port."
    static let options: [Option] = [
        .text(
            "host", "<name>", \.host,
            help: "measure the server on this host; 127.0.0.1 if only --port is given"),
        .integer("port", "<number>", \.port, in: 1...65_535, help: "its port; 6379 if only --host is given"),
        .text("unix", "<path>", \.unix, help: "measure the server on this unix socket"),
        .integer(
            "server-core", "<number>", \.serverCore, in: 0...1_023,
            help: "pin the program's own server to this core (taskset)"),
        .text("database", "<name>", \.database, help: "the named database, one of the standard catalogue"),
        .text("op", "<get|set|incr|mget|hgetall|xread|scan>", \.operation, help: "the command"),
        .text(
            "mode", "<async|blocking|receive|loop|suspend|suspend-cancellably>", \.mode,
            help: "tasks, or a thread a client; or a bare socket that drops the replies, as a yardstick; or "
                + "a loop on one thread over such a socket that keeps a request of each client outstanding; "
                + "or tasks that are suspended and resumed and do nothing else, as another"),
        .integer("clients", "<number>", \.clients, in: 1...10_000, help: "callers at once"),
        .integer("pipeline", "<number>", \.pipeline, in: 1...100_000, help: "commands in one pipeline"),
        .integer("requests", "<number>", \.requests, in: 1...1_000_000_000, help: "commands in all"),
        .integer(
            "spin", "<µs>", \.spin, in: 0...1_000_000_000,
            help: "how long a lone caller looks at the socket before it sleeps: 0 is never, and so long that "
                + "every reply is there in time fixes that path whatever the machine's speed; else as the "
                + "client does by itself"),
        .integer(
            "proof-interval", "<n>", \.proofInterval, in: 0...1_000_000_000,
            help: "one in n commands is followed by a proof of order; 0 is none"),
        .integer(
            "idle-names", "<number>", \.idleNames, in: 0...10_000,
            help: "so many other names of the server, each with an idle connection; a server that is not the "
                + "program's own must have as many databases"),
        .integer("value-size", "<bytes>", \.valueSize, in: 1...100_000_000, help: "bytes of a value"),
        .integer(
            "keys", "<number>", \.keys, in: 1...100_000,
            help: "keys of mget and scan, fields of hgetall, entries of xread"),
        .text("as", "<string|floats>", \.type, help: "what get and mget read values as"),
        .flag("cached", \.isCached, help: "read through a client-side cache; with --op get or hgetall"),
        .flag(
            "count-allocations", \.countAllocations,
            help: "count calls of malloc too, by a second run of twice the commands: the difference is what "
                + "a command costs"),
        .flag(
            "waiting-memory", \.measuresWaitingMemory,
            help: "print the bytes of memory that a call of each client takes while it waits, beyond its "
                + "task; on the program's own server"),
        .integer(
            "busy-cache", "<KiB>", \.busyCache, in: 0...1_048_576,
            help: "walk through so much memory all the time on a thread beside, as other programs do on a "
                + "busy host; 0 is none"),
        .flag("tls", \.isTLS, help: "over TLS, on the program's own server"),
        .flag("cluster", \.isInCluster, help: "in a cluster of three primaries, the program's own"),
        .flag("json", \.json, help: "print one line of JSON"),
    ]

    /// What the table cannot judge, in words for the person at the keyboard; nil when all fits together.
    var contradiction: String? {
        if unix != nil, host != nil || port != nil { return "--unix names the server: leave out --host and --port" }
        if isTLS, unix != nil || host != nil || port != nil || isBare {
            return "--tls is for the program's own server, and not for a bare socket"
        }
        if isInCluster,
            isTLS || unix != nil || host != nil || port != nil || isBare || idleNames > 0 || measuresWaitingMemory
        {
            return "--cluster is for the program's own servers: leave out --tls, --idle-names and --waiting-memory"
        }
        if Operation(rawValue: operation) == nil { return "--op takes get, set, incr, mget, hgetall, xread or scan" }
        if Mode(rawValue: mode) == nil {
            return "--mode takes async, blocking, receive, loop, suspend or suspend-cancellably"
        }
        if !["string", "floats"].contains(type) { return "--as takes string or floats" }
        let isRead = operation == "get" || operation == "mget"
        if isCached, !["get", "hgetall"].contains(operation) || isBare || pipeline > 1 || type == "floats" {
            return "--cached goes with --op get or hgetall, one at a time, as strings"
        }
        let isOneAsyncGet = operation == "get" && mode == "async" && pipeline == 1
        if measuresWaitingMemory, !isOneAsyncGet || host != nil || port != nil || unix != nil {
            return "--waiting-memory goes with --op get and --mode async, one at a time, on the program's own server"
        }
        if type == "floats", !isRead { return "--as floats goes with --op get or mget" }
        if type == "floats", !valueSize.isMultiple(of: 4) { return "a Float takes 4 bytes: change --value-size" }
        if mode == "receive", clients > 1 || pipeline > 1 || unix != nil {
            return "--mode receive reads one reply after the other on one TCP connection: add --clients 1"
        }
        if mode == "loop", pipeline > 1 || unix != nil {
            return "--mode loop has one request of each client on one TCP connection: leave out --pipeline"
        }
        // Their replies are counted by their bytes, which must be as many each time.
        if isBare, operation == "incr" { return "a bare socket cannot count the replies of incr" }
        if isBare, countAllocations { return "a bare socket allocates nothing to count" }
        return nil
    }

    private var isBare: Bool { mode == "receive" || mode == "loop" }
}

/// Who calls, and how.
enum Mode: String, Sendable {
    case async, blocking, receive, loop, suspend
    case suspendCancellably = "suspend-cancellably"
}
