public import BulkheadRESP
public import BulkheadTestServer
import Foundation

/// Commands of words without spaces to one server, over one connection that only the test has.
public final class ServerConversation {
    private let connection: Int32
    private var decoder = RESPDecoder()

    public init(with server: RedisTestServer) throws {
        connection = openStreamSocket(AF_UNIX)
        guard connection >= 0 else { throw NotConnected() }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: server.socketPath.utf8) }
        let connected = withUnsafeBytes(of: &address) {
            connect(connection, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
        guard connected == 0 else { throw NotConnected() }
    }

    deinit { close(connection) }

    @discardableResult
    public func ask(_ command: String) throws -> RESPValue {
        let line = Array((command + "\r\n").utf8)
        guard write(connection, line, line.count) == line.count else {
            throw NotConnected()
        }
        while true {
            if let reply = try decoder.next() { return reply }
            let count = decoder.receive { read(connection, $0.baseAddress, $0.count) }
            guard count > 0 else { throw NotConnected() }
        }
    }

    /// The reply's text; throws where it is an error.
    public func text(_ command: String) throws -> String {
        let reply = try ask(command)
        guard reply.errorMessage == nil, let text = reply.bytes else { throw WrongAnswer(command, reply) }
        return String(decoding: text, as: UTF8.self)
    }
}

/// What a server should not have said.
public struct WrongAnswer: Error, CustomStringConvertible {
    public let description: String

    init(_ command: String, _ reply: RESPValue) { description = "\(command): \(reply)" }

    init(_ description: String) { self.description = description }
}
