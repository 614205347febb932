import BulkheadRESP
import Testing

@testable import BulkheadTools

@Suite struct SeenKeysTests {
    @Test func `a key that was seen is not new until it is gone`() {
        var seen = SeenKeys()
        let answers = [seen.insert("a"), seen.insert("b"), seen.insert("a")]
        #expect(answers == [.new, .new, .known])
        seen.remove("a")
        let again = seen.insert("a")
        #expect(again == .new)
        #expect(seen.count == 2)
    }

    @Test func `keys are distinguished exactly, up to a limit that is named`() {
        var seen = SeenKeys(limit: 5_000)
        for round in 0..<2 {
            for index in 0..<5_000 {
                let insertion = seen.insert(RESPBytes("key:\(index)"))
                #expect(insertion == (round == 0 ? .new : .known))
            }
        }
        #expect(seen.count == 5_000 && seen.isFull)
        let (beyond, known) = (seen.insert("key:5000"), seen.insert("key:4999"))
        #expect(beyond == .full && known == .known)
        #expect(seen.contains("key:4999") && !seen.contains("key:5000") && !seen.contains(""))
    }
}
