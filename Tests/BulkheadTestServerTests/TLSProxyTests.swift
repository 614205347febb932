import BulkheadTestServer
import BulkheadTestSupport
import Foundation
import Testing

@Suite struct `A proxy with TLS` {
    private static let certificates = TestCertificates.shared

    @Test func `stops though a connection is open, and leaves no port behind`() throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        let proxy = try RedisTestTLSProxy.start(to: server, Self.certificates.server.tls)
        #expect(proxy.url == "rediss://127.0.0.1:\(proxy.port)")
        #expect(try ask(proxy, ["-verify_return_error"]).contains("+PONG"))
        // Half a handshake is a connection too.
        let silent = openStreamSocket(AF_INET)
        defer { close(silent) }
        #expect(connectTo(proxy.port, silent) == 0)
        proxy.stop()
        proxy.stop()
        let late = openStreamSocket(AF_INET)
        defer { close(late) }
        #expect(connectTo(proxy.port, late) != 0)
    }

    @Test func `asks for certificates of clients where it has their authority`() throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        var tls = Self.certificates.server.tls
        tls.clientAuthorityFile = Self.certificates.authority
        let proxy = try RedisTestTLSProxy.start(to: server, tls)
        defer { proxy.stop() }
        let client = Self.certificates.client
        #expect(try ask(proxy, ["-cert", client.certificate, "-key", client.key]).contains("+PONG"))
        #expect(try !ask(proxy, []).contains("+PONG"))
    }

    @Test func `names the file that it cannot use`() throws {
        let server = try RedisTestServer.start()
        defer { server.stop() }
        var tls = Self.certificates.server.tls
        tls.keyFile = Self.certificates.client.key
        let error = #expect(throws: RedisTestServerError.self) { try RedisTestTLSProxy.start(to: server, tls) }
        #expect(error?.code == .invalidOption && error?.message.contains(tls.keyFile) == true)
    }

    /// What `openssl s_client` receives after a PING.
    private func ask(_ proxy: RedisTestTLSProxy, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["openssl", "s_client", "-quiet", "-connect", "localhost:\(proxy.port)"]
            + ["-CAfile", Self.certificates.authority] + arguments
        let (input, output) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput) = (input, output)
        process.standardError = FileHandle.nullDevice
        // Before it runs, as it may end without reading. The second ends the connection, behind the reply of the first.
        try input.fileHandleForWriting.write(contentsOf: Data("PING\r\nQUIT\r\n".utf8))
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text
    }

    private func connectTo(_ port: Int, _ socket: Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafeBytes(of: address) {
            connect(socket, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
        }
    }
}
