#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The one place that reads `errno`: interrupted calls are repeated, would-block is a value, all else a code.
enum SystemCall {
    /// What a read or write on a socket came to.
    enum Transfer {
        /// Bytes moved; zero from a read is the end of the stream.
        case moved(Int)
        case wouldBlock
        case failed(code: Int32)
    }

    static func read(_ descriptor: Int32, into space: UnsafeMutableRawBufferPointer) -> Transfer {
        transfer { recv(descriptor, space.baseAddress, space.count, 0) }
    }

    static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Transfer {
        transfer { send(descriptor, bytes.baseAddress, bytes.count, Platform.sendFlags) }
    }

    private static func transfer(_ call: () -> Int) -> Transfer {
        while true {
            let count = call()
            if count >= 0 { return .moved(count) }
            let code = errno
            if code == EINTR { continue }
            if code == EAGAIN || code == EWOULDBLOCK { return .wouldBlock }
            // A bad descriptor or address is a bug of ours that could hit another file: stop at once.
            precondition(code != EBADF && code != EFAULT, "socket call with a descriptor or buffer that is not ours")
            return .failed(code: code)
        }
    }

    /// Opens a non-blocking, close-on-exec stream socket; nil with the code in `failure`.
    static func openSocket(family: Int32, failure: inout Int32) -> Int32? {
        let descriptor = socket(family, Platform.streamSocket | Platform.socketFlags, 0)
        guard descriptor >= 0 else {
            failure = errno
            return nil
        }
        Platform.configure(descriptor)
        return descriptor
    }

    /// Connects within `milliseconds`; nil on success, else the code (ETIMEDOUT past the time).
    static func connect(
        _ descriptor: Int32, to address: UnsafePointer<sockaddr>, length: socklen_t, milliseconds: Int32
    ) -> Int32? {
        let deadline = Moment.now + .milliseconds(milliseconds)
        var code = beginConnecting(descriptor, to: address, length: length)
        // The backlog of a unix socket is full, and no poll tells when it has room again.
        while code == EAGAIN {
            guard Moment.now < deadline else { return ETIMEDOUT }
            usleep(pauseBetweenAttempts)
            code = beginConnecting(descriptor, to: address, length: length)
        }
        // EINTR: the attempt goes on, as with EINPROGRESS.
        guard code == EINPROGRESS || code == EINTR else { return code }
        let left = deadline - .now
        guard waitUntil(descriptor, POLLOUT, milliseconds: left.wholeMilliseconds) else { return ETIMEDOUT }
        return endConnecting(descriptor)
    }

    /// How an attempt went whose socket is ready for writing; nil on success, else the code.
    static func endConnecting(_ descriptor: Int32) -> Int32? {
        var result: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &result, &size)
        return result == 0 ? nil : result
    }

    /// Microseconds between attempts at a unix socket whose backlog is full: a server accepts many in that time.
    private static let pauseBetweenAttempts: useconds_t = 2_000

    /// Nil if it is connected, EINPROGRESS or EINTR while the attempt goes on, else the code of a failure.
    static func beginConnecting(
        _ descriptor: Int32, to address: UnsafePointer<sockaddr>, length: socklen_t
    ) -> Int32? {
        #if canImport(Darwin)
        let answer = Darwin.connect(descriptor, address, length)
        #elseif canImport(Musl)
        let answer = Musl.connect(descriptor, address, length)
        #else
        let answer = Glibc.connect(descriptor, address, length)
        #endif
        return answer == 0 ? nil : errno
    }

    /// Waits until the descriptor is ready for `events`; false past `milliseconds` (negative: no limit).
    static func waitUntil(_ descriptor: Int32, _ events: Int32, milliseconds: Int32) -> Bool {
        let start = Moment.now
        var left = milliseconds
        while true {
            var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
            let count = poll(&entry, 1, left)
            if count > 0 { return true }
            if count == 0 { return false }
            guard errno == EINTR else { return true }  // the next call on the descriptor tells what is wrong
            if milliseconds >= 0 { left = (start + .milliseconds(milliseconds)).millisecondsLeft }
        }
    }

    /// Waits until one of `sockets` is ready, `milliseconds` have passed (negative: no limit) or a signal came; false
    /// if the system cannot tell.
    static func wait(for sockets: inout [pollfd], milliseconds: Int32) -> Bool {
        poll(&sockets, nfds_t(sockets.count), milliseconds) >= 0 || errno == EINTR
    }

    static func setOption(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Ends the conversation in both directions; the descriptor stays open.
    static func shutDown(_ descriptor: Int32) {
        _ = shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Ends a conversation at once, also where the poller still looks at the socket, and closes it.
    static func endSocket(_ descriptor: Int32) {
        shutDown(descriptor)
        closeSocket(descriptor)
    }

    /// Another descriptor of the same socket, which no child inherits; nil if no more files may be open.
    static func duplicate(_ descriptor: Int32) -> Int32? {
        let other = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        return other >= 0 ? other : nil
    }

    /// A pipe that never blocks; nil if no more files may be open.
    static func openPipe() -> (read: Int32, write: Int32)? {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
        }
        return (ends[0], ends[1])
    }

    /// A pipe that is full has bytes enough.
    static func writeByte(to descriptor: Int32) {
        var byte: UInt8 = 0
        _ = writeFile(descriptor, &byte, 1)
    }

    static func drain(_ descriptor: Int32) {
        var bytes: (UInt64, UInt64) = (0, 0)
        while readFile(descriptor, &bytes, 16) == 16 {}
    }

    static func closeSocket(_ descriptor: Int32) {
        // Not repeated on EINTR: the descriptor is gone, and its number may be somebody else's already.
        _ = close(descriptor)
    }

    static func describe(_ code: Int32) -> String { String(cString: strerror(code)) }
}

extension Duration {
    /// Rounded up, for `poll`; at least 0, at most about 24 days.
    package var wholeMilliseconds: Int32 {
        guard self > .zero else { return 0 }
        guard self < .seconds(2_000_000) else { return 2_000_000_000 }
        let (seconds, attoseconds) = components
        return Int32(seconds) * 1_000 + Int32((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}

// The names that `SystemCall` has for itself.
private let readFile = read
private let writeFile = write

/// Blocks this thread.
package func sleepThread(for duration: Duration) {
    _ = poll(nil, 0, duration.wholeMilliseconds)
}
