#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Connects to whichever of several addresses accepts first. Each has a head start before the next one, so that the
/// resolver's order counts, and one that swallows packets costs that time and no more (RFC 8305, "Happy Eyeballs").
struct ConnectionRace {
    /// How long an address is alone; one that refuses ends that at once.
    static let headStart = Duration.milliseconds(250)

    private let addresses: [SocketAddress]
    private var next = 0
    private var nextStart = Moment.past
    private var sockets: [Int32] = []
    /// Why the last one that failed did.
    private(set) var lastCode: Int32 = 0
    /// It was one that this process, and no server, is to blame for.
    private(set) var isOurs = false

    init(_ addresses: [SocketAddress]) { self.addresses = addresses }

    /// The connected socket; nil if no address accepted before `deadline`, and `lastCode` says why.
    mutating func run(until deadline: Moment) -> Int32? {
        defer { for socket in sockets { SystemCall.closeSocket(socket) } }
        while true {
            let now = Moment.now
            guard now < deadline else {
                lastCode = ETIMEDOUT
                return nil
            }
            if next < addresses.count, now >= nextStart || sockets.isEmpty {
                if let socket = startNext(at: now) { return socket }
                if isOurs { return nil }
                continue
            }
            if sockets.isEmpty { return nil }
            var polls = sockets.map { pollfd(fd: $0, events: Int16(POLLOUT), revents: 0) }
            let end = next < addresses.count ? min(nextStart, deadline) : deadline
            guard SystemCall.wait(for: &polls, milliseconds: (end - now).wholeMilliseconds) else {
                lastCode = ETIMEDOUT
                return nil
            }
            for poll in polls where poll.revents != 0 {
                sockets.removeAll { $0 == poll.fd }
                guard let code = SystemCall.endConnecting(poll.fd) else { return poll.fd }
                failed(poll.fd, code)
            }
        }
    }

    /// A socket that is connected at once.
    private mutating func startNext(at now: Moment) -> Int32? {
        let address = addresses[next]
        next += 1
        guard let socket = SystemCall.openSocket(family: address.family, failure: &lastCode) else {
            isOurs = lastCode == EMFILE || lastCode == ENFILE
            return nil
        }
        let code = address.withSocketAddress { SystemCall.beginConnecting(socket, to: $0, length: $1) }
        guard let code else { return socket }
        if code == EINPROGRESS || code == EINTR {
            sockets.append(socket)
            nextStart = now + Self.headStart
        } else {
            failed(socket, code)
        }
        return nil
    }

    private mutating func failed(_ socket: Int32, _ code: Int32) {
        SystemCall.closeSocket(socket)
        lastCode = code
        nextStart = .past
    }
}
