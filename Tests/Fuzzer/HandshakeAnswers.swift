import BulkheadBenchmarkSupport
import BulkheadNetworking
import BulkheadRESP

/// What a server may answer to a handshake: as it should, as older servers and refusing ones do, and nonsense.
enum HandshakeAnswers {
    /// Stands in the login and in some errors, and may stand in no message.
    static let password = "sesame-hunter2"

    /// The settings a variant stands for.
    static func settings(_ variant: UInt64) -> ConnectionSettings {
        let hasUser = variant & 2 != 0
        return ConnectionSettings(
            endpoint: .unix(path: "/nowhere"), database: [0, 2, 15, 1_000_000][Int(variant >> 4 & 3)],
            username: hasUser ? "app" : nil, password: variant & 4 != 0 ? password : nil,
            clientName: variant & 8 != 0 ? "web" : nil, version: variant & 1 != 0 ? .resp3 : .resp2)
    }

    private static let hello = "%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n"
    private static let unknown =
        "-ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'default' '\(password)'\r\n"
    private static let okay = "+OK\r\n"
    private static let pushes = [
        ">2\r\n$10\r\ninvalidate\r\n_\r\n", "|1\r\n+ttl\r\n:3600\r\n>2\r\n+invalidate\r\n*1\r\n+k\r\n",
        "|0\r\n|1\r\n+a\r\n+b\r\n>1\r\n+x\r\n", ">0\r\n", ">3\r\n+subscribe\r\n+c\r\n:1\r\n", "|0\r\n>0\r\n",
    ]
    private static let others = [
        okay, hello, unknown, "-NOPROTO unsupported protocol version\r\n", "-NOAUTH Authentication required.\r\n",
        "-WRONGPASS invalid username-password pair or user is disabled.\r\n", "-ERR DB index is out of range\r\n",
        "-NOPERM User app has no permissions to run the 'select' command\r\n", "-ERR max number of clients reached\r\n",
        "-ERR Client sent AUTH, but no password is set\r\n", "-ERR invalid password\r\n", "-DENIED protected mode\r\n",
        "-ERR wrong \(password)\r\n", "!7\r\nERR bad\r\n", "!24\r\nERR unknown command HELLO\r\n", "$2\r\nOK\r\n",
        "*2\r\n+OK\r\n:1\r\n", "*0\r\n", "%0\r\n", "_\r\n", "$-1\r\n", ":1\r\n", "+QUEUED\r\n", "+ok\r\n", "-\r\n",
        "|0\r\n+OK\r\n", "|1\r\n+a\r\n+b\r\n-ERR no\r\n", "|1\r\n>0\r\n>1\r\n:1\r\n" + okay, "#t\r\n", ",1.5\r\n",
        "=6\r\ntxt:OK\r\n", "~1\r\n+OK\r\n", "$?\r\n;2\r\nOK\r\n;0\r\n", "(1\r\n", "-ERR unknown command 'SETINFO'\r\n",
        "-ERR SELECT is not allowed in cluster mode\r\n", "-LOADING Redis is loading the dataset in memory\r\n",
    ]

    static func make(_ variant: UInt64, _ random: inout SeededGenerator) -> [UInt8] {
        var answers = plausible(variant, &random)
        for _ in 0..<random.below(5) {
            let place = random.below(answers.count + 1)
            switch random.below(6) {
            case 0, 1: answers.insert(random.pick(pushes), at: place)
            case 2: answers.insert(random.pick(others), at: place)
            case 3 where place < answers.count: answers[place] = random.pick(others)
            case 4 where place < answers.count: answers.remove(at: place)
            case 5 where place < answers.count: answers[place] = "|1\r\n+ttl\r\n:1\r\n" + answers[place]
            default: break
            }
        }
        var wire = Array(answers.joined().utf8)
        if random.once(in: 3) {
            for _ in 0...random.below(2) {
                Mutation.apply(to: &wire, alphabet: Mutation.respAlphabet, &random) { random in
                    Array((random.once(in: 2) ? random.pick(others) : random.pick(pushes)).utf8)
                }
            }
        }
        return wire
    }

    /// The answers of a server that accepts, or that does not know HELLO; and replies to what is asked then.
    private static func plausible(_ variant: UInt64, _ random: inout SeededGenerator) -> [String] {
        let settings = settings(variant)
        let logsIn = settings.username != nil || settings.password != nil
        let login = (logsIn ? 1 : 0) + (settings.clientName == nil ? 0 : 1)
        var answers: [String] = []
        switch settings.version {
        case .resp2: answers = Array(repeating: okay, count: login + 2) + [":7\r\n", okay]
        case .resp3 where random.once(in: 3):
            let denied = settings.password != nil && random.once(in: 2)
            let first = random.once(in: 2) ? unknown : "-NOPROTO unsupported protocol version\r\n"
            let rest = denied ? "-NOAUTH Authentication required.\r\n" : okay
            answers = [first, rest, rest, rest] + Array(repeating: okay, count: login + (denied ? 1 : 0))
        default: answers = [hello, okay, okay, okay]
        }
        for _ in 0..<random.below(6) { answers.append(random.once(in: 2) ? ":1\r\n" : random.pick(others)) }
        return answers
    }
}
