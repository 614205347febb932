@testable import Bulkhead
import BulkheadCommands
import BulkheadNetworking
import BulkheadRESP
import Testing

/// Whose word an error is, by value: a server has not run what it redirects, and a script that says the same has run.
@Suite struct RedirectionTests {
    private let asked = Endpoint.tcp(host: "127.0.0.1", port: 7_000)
    private let other = Endpoint.tcp(host: "127.0.0.1", port: 7_001)
    /// That of `foo`.
    private let slot = HashSlot(12_182)!
    private var call: [UInt8] { RedisScript<RESPValue>("return 1").command(keys: ["foo"]).encoded.bytes }

    private func error(_ text: String) -> RESPValue { .error(RESPBytes(text)) }

    private func read(_ text: String, of bytes: [UInt8]) -> Redirection? {
        error(text).redirection(from: asked, of: bytes, to: slot)
    }

    @Test(arguments: [
        "TRYAGAIN", "TRYAGAIN later", "CLUSTERDOWN", "CLUSTERDOWN not now",
        "CLUSTERDOWN The cluster is down script: f00, on @user_script:1.", "MOVED", "MOVED 1 elsewhere",
        "MOVED 12182 elsewhere", "MOVED 12182 127.0.0.1:7001 please", "MOVED 12183 127.0.0.1:7001",
        "MOVED 12182 127.0.0.1:7000", "MOVED 12182 :7000", "ASK 12183 127.0.0.1:7001", "ASK 12182 elsewhere",
        "ASK 12182 127.0.0.1:0",
    ])
    func `what a script says is its own, unless it is the whole sentence of a server about the script's slot`(
        _ text: String
    ) {
        #expect(read(text, of: call) == nil)
        for name in ["evalsha", "EVAL_RO", "EVALSHA_RO", "FCALL", "fcall_ro"] {
            #expect(read(text, of: RedisCommand<RESPValue>.raw(name, ["x", 1, "foo"]).encoded.bytes) == nil)
        }
    }

    @Test func `what a server says of a script's call is a redirection`() {
        #expect(read("MOVED 12182 127.0.0.1:7001", of: call) == .moved(slot, other))
        #expect(read("MOVED 12182 :7001", of: call) == .moved(slot, other))
        #expect(read("MOVED 12182 ?:7001", of: call) == .elsewhere(slot))
        #expect(read("ASK 12182 127.0.0.1:7001", of: call) == .ask(other))
        for text in [
            "TRYAGAIN Multiple keys request during rehashing of slot", "CLUSTERDOWN Hash slot not served",
            "CLUSTERDOWN The cluster is down", "CLUSTERDOWN The cluster is down and only accepts read commands",
        ] {
            #expect(read(text, of: call) == .tryAgain, "\(text)")
        }
    }

    @Test func `what a script without keys says is never that its slot is elsewhere`() {
        let bytes = RedisScript<RESPValue>("return 1").command().encoded.bytes
        for text in ["MOVED 12182 127.0.0.1:7001", "ASK 12182 127.0.0.1:7001"] {
            #expect(error(text).redirection(from: asked, of: bytes, to: nil) == nil)
        }
    }

    @Test func `a command that nobody here knows may be a script by another name, but is told its slot`() {
        let bytes = RedisCommand<RESPValue>.raw("MEASURE", ["foo"]).encoded.bytes
        func read(_ text: String) -> Redirection? { error(text).redirection(from: asked, of: bytes, to: nil) }
        #expect(read("MOVED 12182 127.0.0.1:7001") == .moved(slot, other))
        for text in ["TRYAGAIN later", "CLUSTERDOWN not now", "MOVED 12182 elsewhere"] {
            #expect(read(text) == nil, "\(text)")
        }
    }

    @Test func `what a server says of its own commands is a redirection by its first word`() {
        let bytes = RedisCommand<RESPValue>.raw("GET", ["foo"]).encoded.bytes
        #expect(read("TRYAGAIN later", of: bytes) == .tryAgain)
        #expect(read("CLUSTERDOWN not now", of: bytes) == .tryAgain)
        #expect(read("MOVED 12182 elsewhere", of: bytes) == .elsewhere(slot))
    }

    @Test(arguments: ["TRYAGAIN later", "MOVED 12182 127.0.0.1:7001", "CLUSTERDOWN Hash slot not served"])
    func `what commands of a transaction answer when they run is no redirection of it`(_ text: String) {
        let queued = RESPValue.simpleString(RESPBytes("QUEUED"))
        let ran = TransactionReplies([
            .simpleString(RESPBytes("OK")), queued, queued, .array(RESPArray([.integer(1), error(text)])),
        ])
        #expect(ran.firstError != nil)
        #expect(ran.redirection(from: asked, of: call, to: slot) == nil)
        let refused = TransactionReplies([
            .simpleString(RESPBytes("OK")), queued, error(text), error("EXECABORT Transaction discarded"),
        ])
        #expect(refused.redirection(from: asked, of: call, to: slot) != nil)
    }

    @Test func `of several commands each is judged for itself`() {
        let get = RedisCommand<RESPValue>.raw("GET", ["foo"]).encoded.bytes
        func read(_ replies: [RESPValue]) -> Redirection? {
            replies.redirection(from: asked, ofEach: call + get, to: [slot, slot])
        }
        #expect(read([error("TRYAGAIN later"), .null]) == nil)
        #expect(read([error("TRYAGAIN later"), error("TRYAGAIN later")]) == .tryAgain)
        #expect(read([.null, error("MOVED 12182 127.0.0.1:7001")]) == .moved(slot, other))
    }

    @Test func `only a call by the digest of a script whose text the batch has is sent by its text`() {
        let (script, foreign) = (RedisScript<Int>("return 1"), RedisScript<Int>("return 2"))
        var scripts = ScriptTexts()
        #expect(scripts.insert(script.text, script.digest) && !scripts.insert(script.text, script.digest))
        let text = script.command(keys: ["foo"], arguments: ["x"]).encoded.bytes
        let digest = script.commandByDigest(keys: ["foo"], arguments: ["x"]).encoded.bytes
        #expect(scripts.byText(digest[...]) == text && scripts.byText(text[...]) == text)
        #expect(scripts.call(digest[...])?.isByDigest == true && scripts.call(text[...])?.isByDigest == false)
        let other = foreign.commandByDigest(keys: ["foo"], arguments: []).encoded.bytes
        #expect(scripts.byText(other[...]) == other && scripts.call(other[...]) == nil)
        #expect(ScriptTexts().byText(digest[...]) == digest)
        let reading = RedisScript<Int>("return 3", isReadOnly: true)
        _ = scripts.insert(reading.text, reading.digest)
        #expect(
            scripts.byText(reading.commandByDigest(keys: ["foo"], arguments: []).encoded.bytes[...])
                == reading.command(keys: ["foo"]).encoded.bytes)
    }
}
