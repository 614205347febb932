public import BulkheadTestServer
import Foundation

/// One command over a connection of its own, and the first bytes that come back.
public func say(_ command: String, to server: RedisTestServer, overTCP: Bool = false) throws -> String {
    let connection = openStreamSocket(overTCP ? AF_INET : AF_UNIX)
    guard connection >= 0 else { throw NotConnected() }
    defer { close(connection) }
    let connected: Int32
    if overTCP {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        guard let port = server.port else { throw NotConnected() }
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        connected = withUnsafeBytes(of: &address) {
            connect(connection, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
    } else {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: server.socketPath.utf8) }
        connected = withUnsafeBytes(of: &address) {
            connect(connection, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
    }
    guard connected == 0 else { throw NotConnected() }
    let line = Array((command + "\r\n").utf8)
    guard write(connection, line, line.count) == line.count else { throw NotConnected() }
    var reply = [UInt8](repeating: 0, count: 4096)
    let count = read(connection, &reply, reply.count)
    return String(decoding: reply[..<max(0, count)], as: UTF8.self)
}

public struct NotConnected: Error {}
