import BulkheadRESP
import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

/// Commands to a server over a connection of its own, one after the other.
final class Conversation {
    struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    private let socket: Int32
    private var decoder = RESPDecoder()

    init(with server: RedisTestServer) throws {
        socket = openStreamSocket(AF_UNIX)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: server.socketPath.utf8) }
        let socket = socket
        let connected = withUnsafeBytes(of: &address) {
            connect(socket, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
        guard connected == 0 else { throw Refused(description: "not connected") }
    }

    deinit { close(socket) }

    /// One command; words may hold any bytes. Throws what the server refuses.
    @discardableResult
    func say(_ words: [[UInt8]]) throws -> RESPValue {
        var encoder = RESPEncoder()
        encoder.command(argumentCount: words.count)
        for word in words { word.withUnsafeBytes { encoder.argument($0) } }
        var rest = encoder.bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(socket, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Refused(description: "the connection ended") }
            rest = rest.dropFirst(count)
        }
        while true {
            if let reply = try decoder.next() {
                if case .error(let line) = reply {
                    let command = words.prefix(2).map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
                    throw Refused(description: "\(command): \(String(decoding: line, as: UTF8.self))")
                }
                return reply
            }
            let socket = socket
            let count = decoder.receive { read(socket, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Refused(description: "the connection ended") }
        }
    }

    /// One command; words are separated by single spaces.
    @discardableResult
    func say(_ line: String) throws -> RESPValue {
        try say(line.split(separator: " ").map { Array($0.utf8) })
    }
}
