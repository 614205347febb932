@testable import BulkheadNetworking
import BulkheadRESP
import Testing

@Suite struct `A refused handshake` {
    typealias Reason = ConnectionFailure.Reason

    static let toHello: [(String, Reason)] = [
        ("-WRONGPASS invalid username-password pair or user is disabled.\r\n", .authenticationFailed),
        (
            "-ERR AUTH <password> called without any password configured for the default user.\r\n",
            .authenticationFailed
        ),
        ("-NOPERM this user has no permissions to run the 'hello' command\r\n", .permissionDenied),
        ("-ERR max number of clients reached\r\n", .handshakeRefused(code: "ERR")),
        ("-DENIED Redis is running in protected mode\r\n", .handshakeRefused(code: "DENIED")),
        ("+OK\r\n", .handshakeUnanswered),
        ("*2\r\n$5\r\nproto\r\n:2\r\n", .handshakeUnanswered),
    ]

    @Test(arguments: toHello)
    func `the reply to HELLO says why`(_ reply: String, _ reason: Reason) throws {
        var handshake = Handshake(someSettings(username: "ann", password: "sesame"))
        _ = handshake.start()
        let failure = try #require(handshake.receive(reply).failure)
        #expect(failure.reason == reason)
        #expect(failure.message.contains("unix:/nowhere"))
    }

    static let toSelect: [(String, Reason)] = [
        ("-ERR DB index is out of range\r\n", .databaseOutOfRange),
        ("-ERR SELECT is not allowed in cluster mode\r\n", .databaseOutOfRange),
        ("-NOPERM this user has no permissions to run the 'select' command\r\n", .databaseDenied),
        ("-NOAUTH Authentication required.\r\n", .authenticationFailed),
        ("-BUSY Redis is busy running a script.\r\n", .handshakeRefused(code: "BUSY")),
        ("-out of order\r\n", .handshakeRefused(code: "ERR")),
        ("-ERR something else\r\n", .handshakeRefused(code: "ERR")),
        ("!14\r\nERR out of oil\r\n", .handshakeRefused(code: "ERR")),
        ("+QUEUED\r\n", .handshakeUnanswered),
        (":1\r\n", .handshakeUnanswered),
        ("$2\r\nOK\r\n", .handshakeUnanswered),
        ("_\r\n", .handshakeUnanswered),
    ]

    @Test(arguments: toSelect, [RESPVersion.resp2, .resp3])
    func `anything but OK to SELECT is a failure that says why`(
        _ reply: (String, Reason), _ version: RESPVersion
    ) throws {
        var handshake = Handshake(someSettings(database: 42, version: version))
        _ = handshake.start()
        let greeting = version == .resp3 ? hello + "+OK\r\n+OK\r\n" : "+OK\r\n+OK\r\n:7\r\n"
        let failure = try #require(handshake.receive(greeting + reply.0).failure)
        #expect(failure.reason == reply.1)
        if reply.1 == .databaseDenied || reply.1 == .databaseOutOfRange { #expect(failure.message.contains("42")) }
    }

    @Test func `a server without room says so in RESP2 too, where its error meets no HELLO`() throws {
        for error in ["-ERR max number of clients reached\r\n", "-DENIED Redis is running in protected mode\r\n"] {
            var handshake = Handshake(someSettings(version: .resp2))
            _ = handshake.start()
            let code = error.hasPrefix("-ERR") ? "ERR" : "DENIED"
            #expect(handshake.receive(error).failure?.reason == .handshakeRefused(code: code))
        }
    }

    @Test(arguments: [
        "-WRONGPASS invalid username-password pair or user is disabled.\r\n",
        "-ERR invalid password\r\n",
        "-ERR Client sent AUTH, but no password is set\r\n",
        "-ERR unknown command 'AUTH', with args beginning with: 'sesame' \r\n",
        "-ERR unknown command `AUTH`, with args beginning with: `ann`, `sesame`, \r\n",
        "-ERR the password sesame is too short\r\n",
    ])
    func `no message contains the password, even if the server repeats it`(_ error: String) throws {
        var chosen = Handshake(someSettings(username: "ann", password: "sesame", version: .resp2))
        _ = chosen.start()
        let failure = try #require(chosen.receive(error).failure)
        #expect(!failure.message.contains("sesame"))

        var fallen = Handshake(someSettings(username: "ann", password: "sesame"))
        _ = fallen.start()
        let denied = "-NOAUTH Authentication required.\r\n"
        _ = fallen.receive("-ERR unknown command 'HELLO'\r\n" + denied + denied + denied)
        #expect(fallen.receive(error).failure?.message.contains("sesame") == false)
    }

    @Test func `a refused name is a failure`() {
        var handshake = Handshake(someSettings(clientName: "app", version: .resp2))
        _ = handshake.start()
        let error = "-ERR Client names cannot contain spaces, newlines or special characters.\r\n"
        #expect(handshake.receive(error).failure?.reason == .handshakeRefused(code: "ERR"))
    }
}
