using OptimizerBuild.Fuzz.Running;

namespace OptimizerBuild.Fuzz.Targets;

/// <summary>The formats.</summary>
internal static class FuzzTargets
{
    /// <summary>What makes the target of a format, by the format's name.</summary>
    public static IReadOnlyDictionary<string, Func<FuzzTarget>> All { get; } = ((Func<FuzzTarget>[])
    [
        () => new OnnxTarget(), DataTarget.Npz, DataTarget.Npy, DataTarget.Idx, DataTarget.Csv, DataTarget.Pb,
        DataTarget.JsonLines, DataTarget.Txt, DataTarget.Wav, DataTarget.Png, DataTarget.Jpg,
        () => new LabelsTarget(), () => new PlanTarget(), () => new CacheTarget(), () => new ReportTarget(),
    ]).ToDictionary(NameOf, StringComparer.Ordinal);

    private static string NameOf(Func<FuzzTarget> create)
    {
        using FuzzTarget target = create();
        return target.Name;
    }
}
