namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>A layer of products: a convolution, a dense layer or a product of two matrices.</summary>
/// <param name="Kernel">The kernel's class without its element type: <c>Convolution</c>, <c>Depthwise</c>, <c>Dense</c> or
/// <c>MatMul</c>.</param>
/// <param name="Height">Output rows; the rows of a dense layer or of a first matrix.</param>
/// <param name="Width">Output pixels of a row; 1 for a dense layer.</param>
/// <param name="Inputs">Input channels, or the length of a row; for depthwise convolutions the channels.</param>
/// <param name="Outputs">Output channels; for depthwise convolutions 1 a channel.</param>
/// <param name="Window">Kernel height and width.</param>
/// <param name="Stride">Both strides.</param>
internal sealed record ProductShape(string Kernel, int Height, int Width, int Inputs, int Outputs, int Window = 1, int Stride = 1)
{
    /// <summary>Multiply-accumulates.</summary>
    public long Macs => (long)Height * Width * Inputs * Outputs * Window * Window;

    /// <summary>Products to an output.</summary>
    public int Products => (Kernel == "Depthwise" ? 1 : Inputs) * Window * Window;

    /// <inheritdoc/>
    public override string ToString() => Kernel switch
    {
        "Dense" or "MatMul" => $"{Height}×{Inputs} → {Outputs}",
        "Depthwise" => $"{Window}×{Window}, stride {Stride}, → {Height}×{Width}×{Inputs}",
        _ => $"{Window}×{Window}, stride {Stride}, {Inputs} → {Height}×{Width}×{Outputs}",
    };
}

/// <summary>
/// The layers on which the speed of the product kernels is measured, by the benchmark's command <c>kernels</c>; their results are tested
/// here. They are those of the models that people use: large and small ones, and heads with remainders in both directions.
/// </summary>
internal static class ProductShapes
{
    /// <summary>All layers, each for int8 and for float32 kernels.</summary>
    public static IReadOnlyList<ProductShape> All { get; } =
    [
        new("Convolution", 14, 14, 64, 64),
        new("Convolution", 7, 7, 160, 160),
        new("Convolution", 14, 14, 96, 24),
        new("Convolution", 28, 28, 16, 32),
        new("Convolution", 10, 10, 64, 10),
        new("Convolution", 8, 8, 64, 64, 3),
        new("Convolution", 16, 16, 32, 32, 3),
        new("Convolution", 16, 16, 16, 16, 3),
        new("Convolution", 14, 14, 8, 16, 5),
        new("Convolution", 32, 32, 3, 16, 3),
        new("Convolution", 28, 28, 1, 16, 3, 2),
        new("Depthwise", 28, 28, 32, 1, 3),
        new("Depthwise", 14, 14, 64, 1, 3, 2),
        new("Depthwise", 7, 7, 160, 1, 3),
        new("Depthwise", 14, 14, 48, 1, 5),
        new("Dense", 1, 1, 784, 300),
        new("Dense", 1, 1, 640, 128),
        new("Dense", 1, 1, 128, 10),
        new("Dense", 1, 1, 1280, 1000),
        new("Dense", 32, 1, 128, 128),
        new("MatMul", 64, 1, 64, 64),
    ];

    /// <summary>The layers on which kernels of sparse weights are measured.</summary>
    public static IReadOnlyList<ProductShape> Sparse { get; } =
    [
        new("Dense", 1, 1, 512, 512),
        new("Dense", 1, 1, 784, 300),
        new("Dense", 32, 1, 128, 128),
        new("Convolution", 14, 14, 128, 128),
        new("Convolution", 14, 14, 64, 64),
        new("Convolution", 7, 7, 160, 160),
        new("Convolution", 14, 14, 64, 64, 3),
        new("Convolution", 16, 16, 16, 16, 3),
    ];

    /// <summary>How many of a hundred blocks of their weights are zero.</summary>
    public static IReadOnlyList<int> Zeros { get; } = [20, 30, 50, 70, 80, 90];

    /// <summary>The layers on which kernels of weights of four bits are measured, by the benchmark's command <c>bits</c>.</summary>
    public static IReadOnlyList<ProductShape> FourBits { get; } =
    [
        new("Dense", 1, 1, 64, 32),
        new("Dense", 1, 1, 128, 64),
        new("Dense", 1, 1, 256, 128),
        new("Dense", 1, 1, 784, 300),
        new("Dense", 1, 1, 512, 512),
        new("Dense", 1, 1, 1024, 1024),
        new("Dense", 1, 1, 4096, 1024),
        new("Dense", 4, 1, 512, 512),
        new("Dense", 16, 1, 512, 512),
        new("Dense", 64, 1, 512, 512),
        new("Convolution", 4, 4, 256, 256),
        new("Convolution", 7, 7, 160, 160),
        new("Convolution", 14, 14, 64, 64),
        new("Convolution", 14, 14, 128, 128),
        new("Convolution", 28, 28, 16, 32),
        new("Convolution", 8, 8, 64, 64, 3),
        new("Convolution", 7, 7, 256, 256, 3),
        new("Convolution", 16, 16, 32, 32, 3),
    ];

    /// <summary>How many of their inputs share a factor; 0: there are no factors.</summary>
    public static IReadOnlyList<int> Groups { get; } = [0, 32, 64, 128];

    /// <summary>The layers of signs and binary weights that are measured, by the benchmark's command <c>signs</c>.</summary>
    public static IReadOnlyList<ProductShape> Signs { get; } =
    [
        new("Dense", 1, 1, 256, 128),
        new("Dense", 1, 1, 784, 1024),
        new("Dense", 1, 1, 1024, 1024),
        new("Dense", 16, 1, 1024, 1024),
        new("Convolution", 14, 14, 128, 128),
        new("Convolution", 14, 14, 64, 64, 3),
        new("Convolution", 7, 7, 256, 256, 3),
    ];

    /// <summary>The layers that are measured in their direct form and in Winograd's, by the benchmark's command <c>winograd</c>.</summary>
    public static IReadOnlyList<ProductShape> Winograd { get; } =
    [
        new("Convolution", 32, 32, 16, 16, 3),
        new("Convolution", 16, 16, 16, 16, 3),
        new("Convolution", 16, 16, 32, 32, 3),
        new("Convolution", 8, 8, 64, 64, 3),
        new("Convolution", 56, 56, 64, 64, 3),
        new("Convolution", 28, 28, 128, 128, 3),
        new("Convolution", 14, 14, 256, 256, 3),
        new("Convolution", 7, 7, 512, 512, 3),
        new("Convolution", 7, 7, 64, 64, 3),
        new("Convolution", 13, 13, 64, 64, 3),
        new("Convolution", 14, 14, 32, 64, 3),
        new("Convolution", 14, 14, 96, 96, 3),
        new("Convolution", 9, 9, 64, 64, 3),
        new("Convolution", 7, 7, 128, 128, 3),
        new("Convolution", 7, 7, 256, 256, 3),
        new("Convolution", 14, 14, 64, 64, 3),
        new("Convolution", 14, 14, 512, 512, 3),
        new("Convolution", 28, 28, 256, 256, 3),
        new("Convolution", 16, 16, 32, 64, 3),
        new("Convolution", 16, 16, 64, 32, 3),
    ];

    /// <summary>The layers of a kernel.</summary>
    public static IEnumerable<ProductShape> Of(string kernel) => All.Where(s => s.Kernel == kernel);
}
