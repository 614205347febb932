import BulkheadCommands
import Testing

@testable import Bulkhead

@Suite struct AdviceTests {
    /// A server may answer anything, and `send` may say anything.
    @Test(arguments: ["-5", "9223372036854775807", "many"])
    func `a VADD whose count makes no sense is advised as well`(count: String) {
        let command = RedisCommand<Int>.raw("VADD", ["pages", "VALUES", count, "1", "2", "a", "BIN"], as: Int.self)
        let refused = RedisError(.serverError, "asked quantization mismatch", stage: .answered)
        #expect(refused.advised(command.encoded).message.contains("The command asked for"))
    }
}
