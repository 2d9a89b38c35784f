using System.Collections.Immutable;
using OptimizerBuild.Pipeline;

namespace OptimizerBuild.Lowering;

/// <summary>How callers pass the inputs that are float32 in the model, and what the generated class and its members are called.</summary>
internal sealed record BoundaryOptions
{
    /// <summary>The generated class's name, from which the names of its members are kept apart.</summary>
    public string ClassName { get; init; } = "Model";

    /// <summary>The element type that callers pass for float32 inputs.</summary>
    public InputElement InputType { get; init; }

    /// <summary>With bytes: what a byte is multiplied by, one value or one a channel.</summary>
    public ImmutableArray<double> InputScale { get; init; } = [1];

    /// <summary>With bytes: what is added after the multiplication, one value or one a channel.</summary>
    public ImmutableArray<double> InputOffset { get; init; } = [0];

    /// <summary>The order in which callers pass the elements of rank-4 inputs.</summary>
    public ImageLayout InputLayout { get; init; }

    /// <summary>The boundary that a model's options ask for.</summary>
    public static BoundaryOptions Of(ModelOptions options) => new()
    {
        ClassName = options.ClassName,
        InputType = options.InputType,
        InputScale = options.InputScale,
        InputOffset = options.InputOffset,
        InputLayout = options.InputLayout,
    };
}
