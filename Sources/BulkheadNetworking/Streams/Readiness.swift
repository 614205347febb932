#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What a socket is, or must be, ready for; once it has failed or ended, it is ready for all.
struct Readiness: OptionSet, Sendable, Hashable {
    let rawValue: UInt8

    static let readable = Readiness(rawValue: 1)
    static let writable = Readiness(rawValue: 2)
    static let all: Readiness = [.readable, .writable]
}

extension Readiness {
    /// As `poll` is asked.
    var pollEvents: Int16 {
        Int16((contains(.readable) ? POLLIN : 0) | (contains(.writable) ? POLLOUT : 0))
    }

    /// What `poll` answered.
    init(pollEvents events: Int16) {
        let events = Int32(events)
        if events & ~(POLLIN | POLLOUT) != 0 {
            self = .all
        } else {
            self = []
            if events & POLLIN != 0 { insert(.readable) }
            if events & POLLOUT != 0 { insert(.writable) }
        }
    }
}
