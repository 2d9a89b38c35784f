using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Data;

/// <summary>What recordings become: windows of as many samples as a model takes.</summary>
/// <param name="Window">The samples of a window.</param>
/// <param name="Hop">How many samples after the beginning of a window the next one begins.</param>
/// <param name="Rate">The sampling rate that the model expects; null for that of the recordings.</param>
internal sealed record SoundForm(int Window, int Hop, int? Rate)
{
    /// <summary>Whether recordings of other rates are resampled, because the item says which one the model expects.</summary>
    public bool IsResampled { get; } = Rate is not null;

    /// <summary>The form of a model's recordings.</summary>
    /// <param name="options">What the item asks for.</param>
    /// <param name="graph">The model as imported.</param>
    /// <returns>The form, or null with what is in the way.</returns>
    public static (SoundForm? Form, string Obstacle) Of(ModelOptions options, Graph graph)
    {
        if (graph.Inputs.Length != 1)
            return (null, $"the model has {graph.Inputs.Length} inputs");
        TensorType type = graph.TypeOf(graph.Inputs[0]);
        if (type.Element != ElementType.Float32 || type.Rank == 0 || type.Dimensions.Count(d => d > 1) != 1)
            return (null, $"the input '{graph.Inputs[0]}' is {type}, not samples of one channel");
        return (new(type.Count, options.SoundHop ?? type.Count, options.SoundRate), "");
    }

    /// <summary>A warning where the item says how recordings are read, and no file of its data is one.</summary>
    /// <param name="options">What the item asks for.</param>
    public static Diagnostic? Unused(ModelOptions options)
    {
        if (options.SoundRate is null && options.SoundHop is null)
            return null;
        DataSpec[] data = [.. ((DataSpec?[])[options.CalibrationData, options.EvaluationData, options.Head]).OfType<DataSpec>()];
        if (data.Any(d => DataSetReader.Files(d.Spec, d.BaseFolder).Any(WavFile.IsNamedSo)))
            return null;
        string given = options.SoundRate is null ? "Hop" : options.SoundHop is null ? "SampleRate" : "SampleRate and Hop";
        return Diagnostic.Of(DiagnosticCatalog.NoRecordings, null, given,
            data.Length == 0 ? "no data are named" : $"no file of '{string.Join("', '", data.Select(d => d.Spec).Distinct())}' is one");
    }

    /// <summary>The number of windows of a recording: those that lie within it, and one of a shorter recording.</summary>
    /// <param name="length">The samples of the recording at the rate that the model expects.</param>
    public long Windows(long length) => length <= Window ? 1 : ((length - Window) / Hop) + 1;
}
