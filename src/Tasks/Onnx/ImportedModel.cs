using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx;

/// <summary>What the importer makes of a model file.</summary>
/// <param name="Graph">The model with concrete shapes, operators of the newest opset's form, and constants folded.</param>
/// <param name="SourceFile">The file's name without its folder.</param>
/// <param name="SourceHash">SHA-256 over the model file and then its external data files in the order of their names, in lower-case
/// hexadecimal.</param>
/// <param name="SourceBytes">The size of these files together.</param>
/// <param name="FloatWeightBytes">The size of the graph's floating-point constants.</param>
/// <param name="ExternalDataFiles">Names of the external data files relative to the model's folder, sorted, with forward slashes.</param>
/// <param name="Diagnostics">Messages and warnings; errors are thrown.</param>
internal sealed record ImportedModel(
    Graph Graph,
    string SourceFile,
    string SourceHash,
    long SourceBytes,
    long FloatWeightBytes,
    ImmutableArray<string> ExternalDataFiles,
    ImmutableArray<Diagnostic> Diagnostics)
{
    /// <summary>The labels of classes that the model gives to an output of scores; null where it gives none.</summary>
    public ModelLabels? Labels { get; init; }

    /// <summary>What the model gives as initial values of inputs that are a state.</summary>
    public IReadOnlyDictionary<string, Tensor> InitialValues { get; init; } = new Dictionary<string, Tensor>();
}
