import BulkheadBenchmarkSupport

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The folder where inputs are kept that broke a promise, one file each.
struct Finds {
    let folder: String
    let seed: UInt64

    /// Writes one and says where.
    func keep(_ input: Input, _ words: String, number: Int) throws(ProgramError) {
        let path = "\(folder)/\(input.target.rawValue)-\(seed)-\(number)"
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let remark = "\(words) (seed \(seed), input \(number))"
            try Data(input.file(remark)).write(to: URL(filePath: path))
        } catch {
            throw ProgramError("cannot write \(path): \(error)")
        }
        Terminal.writeError("fuzz: \(input.target.rawValue): \(words)\n      Tests/fuzz --replay \(path)\n")
    }

    /// Feeds a kept input again; what is broken, nil if nothing is any more.
    static func replay(_ path: String) throws(ProgramError) -> String? {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { throw ProgramError("cannot read \(path)") }
        guard let input = Input(file: Array(data)) else { throw ProgramError("\(path) is no input of Tests/fuzz") }
        if case .broken(let words) = input.check() { return words }
        return nil
    }

    /// The files of a folder, in order of their names.
    static func all(in folder: String) throws(ProgramError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }.sorted()
                .map { "\(folder)/\($0)" }
        } catch {
            throw ProgramError("cannot list \(folder): \(error)")
        }
    }
}
