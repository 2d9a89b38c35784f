using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression;

/// <summary>
/// One way of making a model smaller or cheaper: a model and data in, a model and an account of what was done out.
/// Each technique has a folder of its own below <c>Compression</c>; techniques run in a fixed order and never see a plan or C#.
/// </summary>
internal interface ICompressionTechnique
{
    /// <summary>The technique's name in reports, for example <c>Quantization</c>.</summary>
    string Name { get; }

    /// <summary>Applies the technique.</summary>
    /// <param name="model">The model so far.</param>
    /// <param name="data">Samples to calibrate on.</param>
    /// <param name="cancellation">Stops the work; checked between layers.</param>
    /// <exception cref="ModelException">The technique cannot be applied as asked.</exception>
    CompressionResult Apply(CompressedModel model, SampleSet data, CancellationToken cancellation);
}

/// <summary>What a technique made of a model.</summary>
/// <param name="Model">The model after it.</param>
/// <param name="Notes">What it did, for the report: one line each.</param>
/// <param name="Diagnostics">What the user should see of it in the build's output.</param>
internal sealed record CompressionResult(CompressedModel Model, IReadOnlyList<string> Notes, IReadOnlyList<Diagnostic> Diagnostics);

/// <summary>A model on its way through the compression techniques: the graph and what the techniques attached to it.</summary>
/// <param name="Graph">The float graph: channels-last, with batch norms and activations fused.</param>
/// <param name="Quantization">How values and nodes are quantised; null while nothing is.</param>
internal sealed record CompressedModel(Graph Graph, Quantization.GraphQuantization? Quantization = null);
