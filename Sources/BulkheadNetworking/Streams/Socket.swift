#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A connected, non-blocking stream socket: a thin wrapper that knows how to come to life.
struct Socket: Sendable {
    let descriptor: Int32

    /// Tries every address of the endpoint until one accepts or `deadline` passes. Blocks its thread meanwhile.
    ///
    /// Several of them race, so one that swallows packets cannot use up the time of one that answers.
    static func connect(
        _ settings: ConnectionSettings, deadline: Moment
    ) throws(ConnectionFailure) -> Socket {
        let endpoint = settings.endpoint
        let addresses: [SocketAddress]
        do throws(ConnectionFailure) {
            addresses = try settings.addresses(endpoint)
        } catch {
            // A resolver that may open no file knows no host.
            throw outOfDescriptors(endpoint) ?? error
        }
        let lastCode: Int32
        if addresses.count == 1 {
            switch try connect(to: addresses[0], endpoint, deadline) {
            case .success(let socket): return socket
            case .failure(let failure): lastCode = failure.code
            }
        } else {
            var race = ConnectionRace(addresses)
            if let descriptor = race.run(until: deadline) {
                configure(descriptor, endpoint)
                return Socket(descriptor: descriptor)
            }
            lastCode = race.lastCode
            if race.isOurs, let failure = outOfDescriptors(endpoint, lastCode) { throw failure }
        }
        if lastCode == ETIMEDOUT {
            throw ConnectionFailure(.connectTimedOut, "\(endpoint) did not accept a connection in time")
        }
        throw ConnectionFailure(
            .connectFailed,
            "cannot connect to \(endpoint): \(SystemCall.describe(lastCode)); is a server listening there?")
    }

    private struct SystemError: Error {
        let code: Int32
    }

    private static func connect(
        to address: SocketAddress, _ endpoint: Endpoint, _ deadline: Moment
    ) throws(ConnectionFailure) -> Result<Socket, SystemError> {
        let left = deadline - .now
        guard left > .zero else { return .failure(SystemError(code: ETIMEDOUT)) }
        var code: Int32 = 0
        guard let descriptor = SystemCall.openSocket(family: address.family, failure: &code) else {
            if let failure = outOfDescriptors(endpoint, code) { throw failure }
            return .failure(SystemError(code: code))
        }
        let outcome = address.withSocketAddress { pointer, length in
            SystemCall.connect(descriptor, to: pointer, length: length, milliseconds: left.wholeMilliseconds)
        }
        if let outcome {
            SystemCall.closeSocket(descriptor)
            return .failure(SystemError(code: outcome))
        }
        configure(descriptor, endpoint)
        return .success(Socket(descriptor: descriptor))
    }

    /// The failure that `code` of a call that opens a descriptor is, if it speaks of this process and not of a server.
    private static func outOfDescriptors(_ endpoint: Endpoint, _ code: Int32) -> ConnectionFailure? {
        let remedy: String
        switch code {
        case EMFILE:
            remedy =
                "this process has as many files and sockets open as it may: close what it leaks, use fewer "
                + "connections (maximumLeases), or raise its limit (ulimit -n)"
        case ENFILE: remedy = "all processes of this system together have as many files open as it allows (fs.file-max)"
        default: return nil
        }
        return ConnectionFailure(.outOfDescriptors, "no socket can be opened for \(endpoint): \(remedy)")
    }

    /// The same where another call has failed and its code is not known.
    private static func outOfDescriptors(_ endpoint: Endpoint) -> ConnectionFailure? {
        var code: Int32 = 0
        guard let descriptor = SystemCall.openSocket(family: AF_UNIX, failure: &code) else {
            return outOfDescriptors(endpoint, code)
        }
        SystemCall.closeSocket(descriptor)
        return nil
    }

    private static func configure(_ descriptor: Int32, _ endpoint: Endpoint) {
        guard case .tcp = endpoint else { return }
        SystemCall.setOption(descriptor, Platform.tcp, TCP_NODELAY, 1)
        SystemCall.setOption(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        // A peer that vanished is noticed after 60 s: idle, by 30 s and three probes 10 s apart (the kernel's default
        // is two hours); with bytes under way, by the limit on them (the default is about 15 minutes).
        Platform.limitUnacknowledged(descriptor, milliseconds: 60_000)
        SystemCall.setOption(descriptor, Platform.tcp, Platform.keepAliveIdle, 30)
        SystemCall.setOption(descriptor, Platform.tcp, TCP_KEEPINTVL, 10)
        SystemCall.setOption(descriptor, Platform.tcp, TCP_KEEPCNT, 3)
    }

    /// What an I/O error on an established connection means.
    static func failure(code: Int32, endpoint: Endpoint) -> ConnectionFailure {
        ConnectionFailure(.inputOutput, "the connection to \(endpoint) broke: \(SystemCall.describe(code))")
    }

    static func endOfStream(endpoint: Endpoint) -> ConnectionFailure {
        ConnectionFailure(
            .closedByServer,
            "\(endpoint) closed the connection (a restart, an idle timeout, CLIENT KILL or a buffer limit)")
    }
}
