extension IsolationReport {
    package func page() -> String { text() }
}
