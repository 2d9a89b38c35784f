using OptimizerBuild.Diagnostics;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression;

/// <summary>
/// One way of making a model smaller or cheaper: a model and the build's context in, a model and an account of what was done out.
/// Each technique has a folder of its own below <c>Compression</c> and a class with a constructor without parameters, which
/// <see cref="CompressionTechniques"/> finds. Techniques know the context and nothing of each other, and never see a plan or C#.
/// </summary>
internal interface ICompressionTechnique
{
    /// <summary>The technique's name in reports and messages, for example <c>Quantization</c>; unique.</summary>
    string Name { get; }

    /// <summary>Its place in the order of techniques.</summary>
    CompressionStage Stage { get; }

    /// <summary>Whether a model's options ask for the technique.</summary>
    bool IsOn(ModelOptions options);

    /// <summary>Applies the technique.</summary>
    /// <param name="model">The model so far.</param>
    /// <param name="context">Options, data, teacher, measurements, progress and cancellation of this build.</param>
    /// <exception cref="ModelException">The technique cannot be applied as asked.</exception>
    /// <exception cref="OperationCanceledException">The build was cancelled.</exception>
    CompressionResult Apply(CompressedModel model, CompressionContext context);
}

/// <summary>
/// The one order in which techniques run: what changes the float graph comes before what rounds it. A technique that belongs elsewhere
/// puts a stage in its place here; no two techniques share one.
/// </summary>
internal enum CompressionStage
{
    /// <summary>A smaller model takes the model's place and learns from it.</summary>
    DeriveStudent,

    /// <summary>Layers become two layers of a smaller rank.</summary>
    ReduceRanks,

    /// <summary>Channels vanish, with the weights that make and read them.</summary>
    PruneChannels,

    /// <summary>Similar channels become one, with the weights that make and read them.</summary>
    Fold,

    /// <summary>Scales move between layers; what the graph computes stays the same.</summary>
    Equalize,

    /// <summary>Weights become zero.</summary>
    Sparsify,

    /// <summary>Weights become zero in blocks.</summary>
    SparsifyBlocks,

    /// <summary>Two of each four weights become zero.</summary>
    SparsifyQuads,

    /// <summary>The weights that are left are trained to give what the float model gives.</summary>
    Recover,

    /// <summary>The weights of the leaves of trees become multiples of one number.</summary>
    RoundLeaves,

    /// <summary>Values, weights and biases get integers.</summary>
    Quantize,

    /// <summary>Rounding is chosen anew by what layers or blocks of layers make of the samples.</summary>
    Reconstruct,

    /// <summary>Rounded weights are trained to give what the float model gives.</summary>
    RecoverRounded,
}

/// <summary>What a technique made of a model.</summary>
/// <param name="Model">The model after it.</param>
/// <param name="Notes">What it did, for the report: one line each.</param>
/// <param name="Diagnostics">What the user should see of it in the build's output.</param>
internal sealed record CompressionResult(CompressedModel Model, IReadOnlyList<string> Notes, IReadOnlyList<Diagnostic> Diagnostics);
