using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression.Quantization.Synthetic;

/// <summary>
/// Gives noise the correlation of neighbours that images and signals have: each stretch of values along the spatial axes repeats one
/// drawn value. The distribution of single values stays what it was.
/// </summary>
internal static class Smoothing
{
    // Extent of a patch, in elements.
    private const int Patch = 8;

    /// <summary>
    /// Smooths a tensor's values in place: patches of 8 × 8 for rank 4, stretches of 8 for rank 3; nothing else has neighbours.
    /// </summary>
    public static void Apply(float[] values, TensorType type)
    {
        if (type.Rank is not (3 or 4))
            return;
        int[] dimensions = [.. type.Dimensions];

        // Channels are the axis of few elements next to the batch or at the end; the others are spatial.
        bool last = dimensions[^1] <= 4 && dimensions[1] > 4;
        int[] spatial = type.Rank == 3 ? [last ? 1 : 2] : last ? [1, 2] : [2, 3];
        int[] strides = Shapes.Strides(dimensions);
        for (int i = 0; i < values.Length; i++)
        {
            int source = i;
            foreach (int axis in spatial)
                source -= i / strides[axis] % dimensions[axis] % Patch * strides[axis];
            values[i] = values[source];
        }
    }
}
