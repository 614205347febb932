@testable import BulkheadNetworking
import BulkheadRESP
import Foundation
import Synchronization
import Testing

/// The bytes of one command.
func command(_ words: [String]) -> [UInt8] {
    var encoder = RESPEncoder()
    encoder.command(argumentCount: words.count)
    for word in words { encoder.argument(word) }
    return encoder.bytes
}

/// The bytes of one command, its words parted by spaces.
func command(_ line: String) -> [UInt8] {
    command(line.split(separator: " ").map(String.init))
}

/// The bytes of several commands, one behind the other.
func commands(_ lines: String...) -> [UInt8] { lines.flatMap { command($0) } }

/// The same bytes again and again.
func repeated(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
    var all: [UInt8] = []
    all.reserveCapacity(bytes.count * count)
    for _ in 0..<count { all += bytes }
    return all
}

/// A value of 20 MB whose parts differ, the command that stores it under `big`, and the check of what came back.
struct BigValue: Sendable {
    let bytes = (0..<200).flatMap { repeated([UInt8($0), 13, 10, 0, UInt8(255 - $0)], 20_000) }

    var set: [UInt8] {
        var encoder = RESPEncoder()
        encoder.command(argumentCount: 3)
        encoder.argument("SET")
        encoder.argument("big")
        bytes.withUnsafeBytes { encoder.argument($0) }
        return encoder.bytes
    }

    func isEqual(to read: RESPBytes?) -> Bool {
        guard let read, read.count == bytes.count else { return false }
        return read.withUnsafeBytes { left in
            bytes.withUnsafeBytes { right in memcmp(left.baseAddress!, right.baseAddress!, left.count) == 0 }
        }
    }
}

/// Bytes as text, so that a failed comparison can be read.
func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// All values that `wire` holds.
func values(_ wire: String) -> [RESPValue] {
    var decoder = RESPDecoder()
    decoder.feed(wire.utf8)
    var values: [RESPValue] = []
    while let value = try? decoder.next() { values.append(value) }
    return values
}

/// The failure that `body` throws; nil, and an issue, if it throws none.
func failure(
    _ location: SourceLocation = #_sourceLocation, of body: () throws -> Void
) -> ConnectionFailure? {
    do { try body() } catch { return error as? ConnectionFailure }
    Issue.record("nothing was thrown", sourceLocation: location)
    return nil
}

/// The failure that `body` throws; nil, and an issue, if it throws none.
func failure(
    _ location: SourceLocation = #_sourceLocation, of body: () async throws -> Void
) async -> ConnectionFailure? {
    do { try await body() } catch { return error as? ConnectionFailure }
    Issue.record("nothing was thrown", sourceLocation: location)
    return nil
}

extension Result {
    var value: Success? { try? get() }

    var failure: Failure? {
        switch self {
        case .success: nil
        case .failure(let failure): failure
        }
    }
}

/// A value that several threads change.
final class Locked<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    init(_ value: Value) { mutex = Mutex(value) }

    var value: Value { mutex.withLock { $0 } }

    @discardableResult
    func change<Answer: Sendable>(_ body: @Sendable (inout Value) -> Answer) -> Answer { mutex.withLock { body(&$0) } }
}
