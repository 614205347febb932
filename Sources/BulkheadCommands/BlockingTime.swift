package import BulkheadRESP

/// How long a command may wait on the server before it answers, as its own arguments say.
package enum BlockingTime: Sendable, Hashable {
    case none
    /// Until something comes; a timeout of zero.
    case unlimited
    case upTo(Duration)

    /// What a client waits at least on top of such a time: servers look at who waits once a tick, so that an idle one
    /// ended a BLPOP up to 101 ms late (Redis 6.2.5, 7.0.15 and 8.2.3, Valkey 8.1.8 and 9.1.2 with their `hz 10`). The
    /// rest is for the way of the reply.
    package static let leastMargin = Duration.milliseconds(250)
}

extension EncodedCommand {
    /// True if the reply of this command, which waits for what others write, holds some of it: an element, an entry.
    package func brings(_ reply: RESPValue) -> Bool {
        let reply = reply.withoutAttributes
        return route == .blocking && reply != .null && reply.errorMessage == nil
    }

    /// Read from the bytes, for a deadline that must not end the wait before the server does.
    /// The table says where the timeout stands: first, fifth or last, in seconds or milliseconds, or behind BLOCK.
    package var blockingTime: BlockingTime {
        switch route {
        case .shared, .bulk, .searching, .answered, .refused: .none
        case .blocking, .conversation: blockingTimeByName
        }
    }

    private var blockingTimeByName: BlockingTime {
        switch entry?.wait {
        case "last-seconds": Self.seconds(EncodedArguments(bytes).reduce(nil) { $1 })
        case "first-seconds": Self.seconds(EncodedArguments(bytes).dropFirst().first { _ in true })
        case "fifth-seconds": Self.seconds(EncodedArguments(bytes).dropFirst(5).first { _ in true })
        case "last-milliseconds": Self.milliseconds(EncodedArguments(bytes).reduce(nil) { $1 })
        case "BLOCK":
            Self.milliseconds(CommandRoute.words(of: bytes).dropFirst().blockOption.map { ArraySlice($0.utf8) })
        default: .none
        }
    }

    // What is no number the server refuses at once.
    private static func seconds(_ argument: ArraySlice<UInt8>?) -> BlockingTime {
        guard let argument, let seconds = Double(String(decoding: argument, as: UTF8.self)), seconds >= 0 else {
            return .none
        }
        return seconds == 0 || seconds > 1e9 ? .unlimited : .upTo(.seconds(seconds))
    }

    private static func milliseconds(_ argument: ArraySlice<UInt8>?) -> BlockingTime {
        guard let argument, let milliseconds = Int64(String(decoding: argument, as: UTF8.self)), milliseconds >= 0
        else { return .none }
        return milliseconds == 0 ? .unlimited : .upTo(.milliseconds(milliseconds))
    }
}

extension Sequence<String> {
    /// What stands behind the BLOCK among these arguments of XREAD or XREADGROUP, in upper case; nil without it.
    /// Streams, groups and consumers may be called as options are.
    var blockOption: String? {
        var words = makeIterator()
        while let word = words.next() {
            switch word {
            case "BLOCK": return words.next() ?? ""
            case "GROUP": _ = (words.next(), words.next())
            case "COUNT": _ = words.next()
            case "STREAMS": return nil
            default: break
            }
        }
        return nil
    }
}
