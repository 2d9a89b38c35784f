using System.Globalization;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Options;

namespace OptimizerBuild.Reporting;

/// <summary>Fails the build of a model that is larger, or costs more, than its item allows.</summary>
internal static class BudgetGate
{
    /// <summary>What a report has against the item's <c>MaxSize</c>, <c>MaxMemory</c> and <c>MaxMacs</c>; with both figures each.</summary>
    public static IEnumerable<Diagnostic> Faults(ModelReport report, ModelOptions options)
    {
        if (options.MaxSize is { } size && report.WeightBytes > size)
            yield return Exceeded(nameof(options.MaxSize), "the weights in the assembly take", Bytes(report.WeightBytes), Bytes(size),
                "ask for fewer bytes with Precision=\"Int4\" or \"Mixed\", Sparsity, Clusters or EntropyCoding, or for all of them by "
                + "Compression=\"Smallest\"");
        long memory = report.WeightMemoryBytes + report.ScratchBytes;
        if (options.MaxMemory is { } limit && memory > limit)
            yield return Exceeded(nameof(options.MaxMemory), "weights and scratch memory of one instance take",
                $"{Bytes(memory)} ({Bytes(report.WeightMemoryBytes)} and {Bytes(report.ScratchBytes)})", Bytes(limit),
                "give smaller Shapes, or make layers smaller with SparsityPattern=\"Channel\", Fold or Rank");
        if (options.MaxMacs is { } macs && report.Macs > macs)
            yield return Exceeded(nameof(options.MaxMacs), "a prediction takes", Macs(report.Macs), Macs(macs),
                "give smaller Shapes, or make layers smaller with SparsityPattern=\"Channel\", Fold or Rank");
    }

    private static Diagnostic Exceeded(string metadata, string what, string figure, string limit, string remedy) =>
        Diagnostic.Of(DiagnosticCatalog.BudgetExceeded, null, what, figure, metadata, limit, remedy);

    // Whoever compares a figure with a limit wants to see by how much they differ: exactly, with thousands set apart.
    private static string Bytes(long bytes) => bytes.ToString("N0", CultureInfo.InvariantCulture) + " bytes";

    private static string Macs(long macs) => macs.ToString("N0", CultureInfo.InvariantCulture) + " multiply-accumulates";
}
