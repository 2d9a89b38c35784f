using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Lowering.Coding;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Pipeline;

/// <summary>What the pipeline makes of one model: all that is written to files or said in the build's output follows from it.</summary>
/// <param name="Plan">The plan, complete.</param>
/// <param name="Weights">The packed weights as the resource holds them and the plan describes them.</param>
/// <param name="SourceBytes">The size of the model file and its external data files together.</param>
/// <param name="ExternalDataFiles">Names of the external data files relative to the model's folder, sorted, with forward slashes, and those
/// of a student's and teachers' files (<see cref="InputFiles.ExternalNamesOfOthers"/>).</param>
/// <param name="Layers">What became of each node of the compressed graph, in order of execution.</param>
/// <param name="Techniques">What each compression technique did, in order.</param>
/// <param name="Diagnostics">Messages and warnings; errors are thrown.</param>
/// <param name="QdqModel">The compressed model as an ONNX file; null where it is not asked for.</param>
internal sealed record CompilationOutcome(
    ModelPlan Plan,
    byte[] Weights,
    long SourceBytes,
    IReadOnlyList<string> ExternalDataFiles,
    IReadOnlyList<LayerOutcome> Layers,
    IReadOnlyList<TechniqueAccount> Techniques,
    IReadOnlyList<Diagnostic> Diagnostics,
    byte[]? QdqModel = null)
{
    /// <summary>The class whose accuracy dropped most; null where no metric over classes was measured.</summary>
    public ClassAccuracy? WorstClass { get; init; }

    /// <summary>What took the model's place, for example <c>student 0.5x</c>; empty where it is the model itself.</summary>
    public string Lineage { get; init; } = "";

    /// <summary>The outputs' signal-to-quantisation-noise ratio on the calibration samples, in dB; null where none was measured.</summary>
    public double? OutputSignalToNoise { get; init; }

    /// <summary>Whether the calibration samples were made up.</summary>
    public bool IsCalibrationMadeUp { get; init; }

    /// <summary>Whether scales and zero points are the model's own, because it is quantised already.</summary>
    public bool HasScalesOfModel { get; init; }

    /// <summary>Whether the default recipe equalised the model after a trial; null where it tried nothing.</summary>
    public bool? IsEqualized { get; init; }
}

/// <summary>What became of one node.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Operator">Its operator.</param>
/// <param name="Precision"><c>int8</c> or <c>float32</c>.</param>
/// <param name="Reason">For a float node: why. Else empty.</param>
/// <param name="Macs">Its multiply-accumulates.</param>
/// <param name="SignalToNoise">Signal-to-quantisation-noise ratio in dB; null where not measured.</param>
/// <param name="PairSumsBounded">
/// For an integer dot product whether sums of two neighbouring products are proved to fit into 16 bits; null for other nodes.
/// </param>
/// <param name="Storage">The form in which its weights are stored, for example <c>s8</c>; null for a node without constant weights.</param>
/// <param name="WeightBytes">The packed size of these weights, with padding; layers with equal weights share one place.</param>
internal sealed record LayerOutcome(
    string Node, string Operator, string Precision, string Reason, long Macs, double? SignalToNoise, bool? PairSumsBounded = null,
    string? Storage = null, long WeightBytes = 0)
{
    /// <summary>The code in which the resource holds these weights; null where it holds them as they are.</summary>
    public StoredSection? Stored { get; init; }
}
