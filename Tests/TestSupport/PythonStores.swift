import Foundation

/// The Python packages that write vectors, in an environment of their own in the cache. It is made by the first test
/// that asks, which takes minutes and a network; a test that finds none is skipped and says so.
public enum PythonStores {
    /// Runs `Tests/PythonStores/stores.py` with these words, and returns what it prints; throws what it says of a
    /// failure.
    public static func run(_ words: String...) throws -> String {
        let (output, status) = try run(python, [script] + words)
        guard status == 0 else { throw Failure(description: String(output.suffix(2_000))) }
        return output
    }

    /// What a script failed with.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// For `.enabled(if:)`: whether the packages are there, or could be installed now.
    public static let areThere: Bool = {
        let check = ["-c", "import langchain_redis, llama_index.vector_stores.redis, redisvl, numpy"]
        if (try? run(python, check).status) == 0 { return true }
        let folder = environment
        guard (try? run("/usr/bin/env", ["python3", "-m", "venv", folder]).status) == 0,
            (try? run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"] + packages).status)
                == 0
        else { return false }
        return (try? run(python, check).status) == 0
    }()

    /// Why a test of them is skipped.
    public static let absence = "the packages of Tests/TestSupport/PythonStores.swift could not be installed from PyPI"

    private static let packages = [
        "llama-index-vector-stores-redis==0.9.0", "langchain-redis==0.2.0", "redisvl==0.4.1", "redis==5.3.1",
        "numpy==1.26.4",
    ]

    private static let environment: String = {
        let variables = ProcessInfo.processInfo.environment
        return (variables["XDG_CACHE_HOME"] ?? (variables["HOME"] ?? "") + "/.cache") + "/bulkhead/python-stores"
    }()
    private static let python = environment + "/bin/python"
    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("PythonStores/stores.py").path

    private static func run(_ program: String, _ words: [String]) throws -> (output: String, status: Int32) {
        let child = Process()
        let pipe = Pipe()
        child.executableURL = URL(fileURLWithPath: program)
        child.arguments = words
        child.standardInput = FileHandle.nullDevice
        child.standardOutput = pipe
        child.standardError = pipe
        try child.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        child.waitUntilExit()
        return (String(decoding: output, as: UTF8.self), child.terminationStatus)
    }
}
