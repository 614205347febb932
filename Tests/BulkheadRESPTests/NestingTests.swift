import BulkheadRESP
import Foundation
import Testing

/// Values nested as deep as a decoder allows, and far deeper by hand, on threads with little stack: what goes through
/// one must take the same stack for any depth.
struct NestingTests {
    /// Runs `body` on a thread with a stack of so many bytes.
    private func onThread(stack: Int, _ body: @escaping @Sendable () -> Void) {
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            body()
            done.signal()
        }
        thread.stackSize = stack
        thread.start()
        done.wait()
    }

    private static let stacks = [64 << 10, 512 << 10]

    /// Wraps one value in another, in every way there is.
    private static let wraps: [@Sendable (RESPValue) -> RESPValue] = [
        { .array([$0]) }, { .set([.integer(1), $0, .null]) }, { .push([$0]) },
        { .map(RESPMap([(.integer(1), $0)])) }, { .map(RESPMap([($0, .integer(1))])) },
        { .attribute(RESPMap([(.integer(1), .null)]), $0) }, { .attribute(RESPMap([(.integer(1), $0)]), .null) },
    ]

    private static func nest(_ levels: Int, _ leaf: RESPValue = .bulk("leaf")) -> RESPValue {
        var value = leaf
        for level in 0..<levels { value = wraps[level % wraps.count](value) }
        return value
    }

    /// All that goes through a value.
    private static func walk(_ value: RESPValue) {
        let twin = value.detached()
        #expect(twin == value)
        #expect(twin.hashValue == value.hashValue)
        #expect(value.description == twin.description)
        #expect(String(reflecting: value).contains("leaf"))
        var encoder = RESPEncoder()
        encoder.value(value)
        encoder.value(value, version: .resp2)
        #expect(!encoder.bytes.isEmpty)
        var count = 0
        value.forEachValue { _ in count += 1 }
        #expect(count > 1_000)
        #expect(value != .null && value.withoutAttributes != .null)
        var text = ""
        dump(value, to: &text)
        #expect(!text.isEmpty)
    }

    @Test(arguments: stacks) func `a reply of 1024 levels is read, printed, compared, copied and released`(stack: Int) {
        onThread(stack: stack) {
            for opening in ["*1\r\n", "~1\r\n", ">1\r\n", "%1\r\n+k\r\n", "|1\r\n+k\r\n", "*?\r\n"] {
                var decoder = RESPDecoder(limits: RESPLimits(depth: .max))
                for _ in 0..<1_024 { decoder.feed(opening.utf8) }
                decoder.feed("$4\r\nleaf\r\n".utf8)
                if opening == "*?\r\n" { for _ in 0..<1_024 { decoder.feed(".\r\n".utf8) } }
                if opening.hasPrefix("|") { for _ in 0..<1_024 { decoder.feed(":1\r\n".utf8) } }
                guard let value = (try? decoder.next()) ?? nil else {
                    Issue.record("\(opening.debugDescription) is not whole")
                    continue
                }
                Self.walk(value)
            }
        }
    }

    @Test(arguments: stacks) func `so is a value of 100000 levels made by hand`(stack: Int) {
        onThread(stack: stack) { Self.walk(Self.nest(100_000)) }
    }

    @Test(arguments: stacks) func `what a nest shares with others outlives it`(stack: Int) {
        onThread(stack: stack) {
            let shared = Self.nest(50_000)
            let copy = shared.detached()
            do {
                let wide = RESPValue.array([shared, Self.nest(50_000), shared, .array([shared, .bulk("leaf")])])
                #expect(wide.elements?.count == 4)
            }
            #expect(shared == copy)
        }
    }

    @Test func `values that differ deep inside are different`() {
        let left = Self.nest(10_000)
        #expect(left != Self.nest(10_000, .bulk("leap")))
        #expect(left != Self.nest(9_999))
        #expect(left == Self.nest(10_000))
        #expect(RESPValue.array([.integer(1)]) != .set([.integer(1)]))
        #expect(RESPValue.array([.array([]), .integer(1)]) != .array([.array([.integer(1)])]))
    }

    @Test func `a value prints as one line, with its content`() {
        let value = RESPValue.array([
            .integer(1), .bulk("two \"2\""), .null, .simple("OK"), .error("ERR no"), .boolean(true), .double(1.5),
            .bigNumber("123"), .verbatim("txt", "hi"), .set([.bulk("a"), .array([])]), .push([]),
            .map(RESPMap([(.bulk("k"), .array([.integer(1), .integer(2)])), (.integer(2), .null)])),
            .attribute(RESPMap([(.bulk("ttl"), .integer(9))]), .bulk("v")),
        ])
        #expect(
            value.description
                == #"[1, "two \"2\"", null, simple(OK), error(ERR no), true, 1.5, big(123), txt(hi), "#
                + #"set["a", []], push[], {"k": [1, 2], 2: null}, attribute{"ttl": 9} "v"]"#)
    }

    @Test func `elements are a collection like others`() {
        let elements: RESPArray = [.integer(1), .bulk("b"), .array([.null])]
        #expect(elements.count == 3 && elements.first == .integer(1) && elements.last == .array([.null]))
        #expect(Array(elements[1...]) == [.bulk("b"), .array([.null])])
        #expect(elements.map(\.description) == ["1", "\"b\"", "[null]"])
        #expect(elements == RESPArray(Array(elements)) && RESPArray().isEmpty)
        #expect(RESPValue.array(Array(elements)).elements == elements)
        let attributed = RESPAttributed(RESPMap([(.bulk("k"), .null)]), .integer(3))
        #expect(attributed.attributes.count == 1 && attributed.value == .integer(3))
    }
}
