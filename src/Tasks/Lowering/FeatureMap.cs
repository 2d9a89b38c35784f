using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering;

/// <summary>A channels-last storage as the spatial kernels take it: images × height × width × channels; 1-D maps have the height
/// 1.</summary>
/// <param name="Images">Number of images.</param>
/// <param name="Height">Rows.</param>
/// <param name="Width">Pixels of a row.</param>
/// <param name="Channels">Channels of a pixel, adjacent in memory.</param>
/// <param name="ImageStride">Bytes from one image to the next.</param>
/// <param name="RowStride">Bytes from one row to the next.</param>
/// <param name="PixelStride">Bytes from one pixel to the next.</param>
internal readonly record struct FeatureMap(int Images, int Height, int Width, int Channels, int ImageStride, int RowStride, int PixelStride)
{
    /// <summary>The view of a storage, or null where its shape or strides have no such form.</summary>
    public static FeatureMap? Of(Storage storage)
    {
        ReadOnlySpan<int> d = storage.Dimensions.AsSpan();
        ReadOnlySpan<int> s = storage.Strides.AsSpan();
        return d.Length switch
        {
            4 when d[3] == 1 || s[3] == storage.ElementSize => new(d[0], d[1], d[2], d[3], s[0], s[1], s[2]),
            3 when d[2] == 1 || s[2] == storage.ElementSize => new(d[0], 1, d[1], d[2], s[0], s[0], s[1]),
            _ => null,
        };
    }

    /// <summary>The dimensions of a channels-last value as images, height, width, channels; null for other ranks.</summary>
    public static (int Images, int Height, int Width, int Channels)? Shape(TensorType type) => type.Rank switch
    {
        4 => (type.Dimensions[0], type.Dimensions[1], type.Dimensions[2], type.Dimensions[3]),
        3 => (type.Dimensions[0], 1, type.Dimensions[1], type.Dimensions[2]),
        _ => null,
    };
}

/// <summary>Several storages of one shape as the elementwise kernels take them: images × rows × adjacent elements.</summary>
/// <param name="Images">Number of images.</param>
/// <param name="Rows">Rows of an image.</param>
/// <param name="RowLength">Adjacent elements of a row.</param>
/// <param name="Strides">Image stride and row stride in bytes, for each storage in the given order.</param>
internal sealed record RowShape(int Images, int Rows, int RowLength, (int Image, int Row)[] Strides)
{
    /// <summary>The common view, or null where the strides need more than two outer dimensions.</summary>
    public static RowShape? Of(params ReadOnlySpan<Storage> storages)
    {
        BoxShape box = BoxShape.Of(storages[0].Dimensions.AsSpan(), [.. storages.ToArray().Select(s => (IReadOnlyList<int>)s.Strides)]);
        for (int i = 0; i < storages.Length; i++)
            if (box.Dimensions.Length > 0 && box.Strides[i][^1] != storages[i].ElementSize && box.Dimensions[^1] != 1)
                return null;
        int rank = box.Dimensions.Length;
        if (rank > 3)
            return null;
        return new(
            rank > 2 ? box.Dimensions[^3] : 1,
            rank > 1 ? box.Dimensions[^2] : 1,
            rank > 0 ? box.Dimensions[^1] : 1,
            [.. box.Strides.Select(s => (rank > 2 ? s[^3] : 0, rank > 1 ? s[^2] : 0))]);
    }
}

/// <summary>A box of elements with the strides of several operands, in as few dimensions as the strides allow.</summary>
/// <param name="Dimensions">The extents, outermost first; none is 1.</param>
/// <param name="Strides">For each operand its strides.</param>
internal sealed record BoxShape(int[] Dimensions, int[][] Strides)
{
    /// <summary>Merges neighbouring dimensions that follow one another without gaps in every operand, and drops those of extent
    /// 1.</summary>
    public static BoxShape Of(ReadOnlySpan<int> dimensions, params IReadOnlyList<int>[] strides)
    {
        var merged = new List<int>();
        List<int>[] kept = [.. strides.Select(_ => new List<int>())];
        for (int d = 0; d < dimensions.Length; d++)
        {
            int extent = dimensions[d];
            if (extent == 1)
                continue;
            bool joins = merged.Count > 0;
            for (int i = 0; i < strides.Length && joins; i++)
                joins = kept[i][^1] == (long)strides[i][d] * extent;
            if (joins)
                merged[^1] *= extent;
            else
                merged.Add(extent);
            for (int i = 0; i < strides.Length; i++)
            {
                if (joins)
                    kept[i][^1] = strides[i][d];
                else
                    kept[i].Add(strides[i][d]);
            }
        }
        return new([.. merged], [.. kept.Select(k => k.ToArray())]);
    }
}
