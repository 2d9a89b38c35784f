using System.Buffers;
using System.Numerics.Tensors;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Linear;

/// <summary>
/// Convolution in float32: im2col and matrix product (Chellapilla, Puri and Simard, "High Performance Convolutional Neural
/// Networks for Document Processing", 2006), and a direct form for depthwise convolutions. The matrix of im2col is made for as many output
/// pixels at a time as fit into the cache; each output is the same chain of multiply-adds whatever their number.
/// </summary>
/// <param name="geometry">The geometry, of one or two axes.</param>
/// <param name="outputChannels">Output channels.</param>
/// <param name="groups">Groups of channels that do not mix.</param>
/// <param name="weights">The weights, O,I/groups and the kernel's axes.</param>
/// <param name="bias">One value for each output channel; null for zeros.</param>
/// <param name="tileElements">How many elements of the matrix of im2col exist at a time.</param>
internal sealed class FloatConvolution(
    WindowGeometry geometry, int outputChannels, int groups, float[] weights, float[]? bias,
        int tileElements = FloatConvolution.TileElements)
{
    /// <summary>The most elements of the matrix of im2col that exist at a time (2 MB), unless one output pixel alone has more.</summary>
    public const int TileElements = 1 << 19;

    private readonly WindowAxis _v = geometry.Y;
    private readonly WindowAxis _h = geometry.X;
    private readonly int _taps = geometry.Y.Kernel * geometry.X.Kernel;
    private readonly int _pixels = geometry.Y.Output * geometry.X.Output;
    private readonly int _in = geometry.Channels / groups;
    private readonly int _out = outputChannels / groups;

    private bool IsPointwise => _taps == 1 && _v is { Stride: 1, PadBegin: 0, PadEnd: 0 } && _h is { Stride: 1, PadBegin: 0, PadEnd: 0 };

    /// <summary>Computes the convolution of all images.</summary>
    /// <param name="x">The images.</param>
    /// <param name="turned">What <see cref="TurnWeights"/> makes; null for channels-first images.</param>
    /// <param name="y">Receives the results.</param>
    public void Run(ReadOnlySpan<float> x, float[]? turned, Span<float> y)
    {
        int inputSize = geometry.Channels * _v.Input * _h.Input, outputSize = outputChannels * _pixels;
        for (int n = 0; n < geometry.Batch; n++)
        {
            ReadOnlySpan<float> image = x.Slice(n * inputSize, inputSize);
            Span<float> result = y.Slice(n * outputSize, outputSize);
            if (turned is not null)
                ChannelsLast(image, turned, result);
            else
                ChannelsFirst(image, result);
        }
    }

    private void ChannelsFirst(ReadOnlySpan<float> x, Span<float> y)
    {
        int plane = _v.Input * _h.Input;
        for (int o = 0; o < outputChannels; o++)
            y.Slice(o * _pixels, _pixels).Fill(bias is null ? 0 : bias[o]);
        if (_in == 1)
        {
            for (int o = 0; o < outputChannels; o++)
                Plane(x.Slice(o / _out * plane, plane), weights.AsSpan(o * _taps, _taps), y.Slice(o * _pixels, _pixels));
            return;
        }
        int k = _in * _taps, tile = IsPointwise ? _pixels : Tile(k);
        float[]? columns = IsPointwise ? null : ArrayPool<float>.Shared.Rent(k * tile);
        for (int g = 0; g < groups; g++)
        {
            ReadOnlySpan<float> part = x.Slice(g * _in * plane, _in * plane);
            for (int from = 0; from < _pixels; from += tile)
            {
                int count = Math.Min(tile, _pixels - from);
                if (columns is not null)
                    Columns(part, from, count, columns);
                MatrixProduct.Accumulate(
                    _out, count, k, weights.AsSpan(g * _out * k), k, 1, columns is null ? part : columns, count, 1,
                        y[((g * _out * _pixels) + from)..], _pixels);
            }
        }
        if (columns is not null)
            ArrayPool<float>.Shared.Return(columns);
    }

    // How many output pixels are multiplied at a time.
    private int Tile(int k) => Math.Clamp(tileElements / Math.Max(k, 1), 1, _pixels);

    // im2col of one group for some output pixels: a row for each input channel and tap, a column for each pixel.
    private void Columns(ReadOnlySpan<float> x, int from, int count, Span<float> columns)
    {
        int at = 0;
        for (int c = 0; c < _in; c++)
        {
            ReadOnlySpan<float> plane = x.Slice(c * _v.Input * _h.Input, _v.Input * _h.Input);
            for (int ky = 0; ky < _v.Kernel; ky++)
            {
                for (int kx = 0; kx < _h.Kernel; kx++)
                {
                    int offset = (kx * _h.Dilation) - _h.PadBegin;
                    (int left, int right) = _h.OutputsInside(offset);
                    for (int p = from, width; p < from + count; p += width, at += width)
                    {
                        // What the pixels have of one output row.
                        (int oy, int start) = Math.DivRem(p, _h.Output);
                        width = Math.Min(_h.Output - start, from + count - p);
                        Span<float> row = columns.Slice(at, width);
                        int iy = (oy * _v.Stride) + (ky * _v.Dilation) - _v.PadBegin;
                        int first = Math.Clamp(left - start, 0, width), last = Math.Clamp(right - start, 0, width);
                        if ((uint)iy >= (uint)_v.Input || first >= last)
                        {
                            row.Clear();
                            continue;
                        }
                        row[..first].Clear();
                        row[last..].Clear();
                        ReadOnlySpan<float> line = plane.Slice(iy * _h.Input, _h.Input);
                        if (_h.Stride == 1)
                            line.Slice(start + first + offset, last - first).CopyTo(row[first..]);
                        else
                            for (int i = first; i < last; i++)
                                row[i] = line[((start + i) * _h.Stride) + offset];
                    }
                }
            }
        }
    }

    // One output channel that reads one input channel: every tap adds a shifted row. For strides above 1 the columns that one
    // tap reads are gathered first, so that the addition runs over adjacent elements.
    private void Plane(ReadOnlySpan<float> x, ReadOnlySpan<float> w, Span<float> y)
    {
        float[]? gathered = _h.Stride == 1 ? null : ArrayPool<float>.Shared.Rent(_h.Output);
        for (int ky = 0; ky < _v.Kernel; ky++)
        {
            (int top, int bottom) = _v.OutputsInside((ky * _v.Dilation) - _v.PadBegin);
            for (int kx = 0; kx < _h.Kernel; kx++)
            {
                int offset = (kx * _h.Dilation) - _h.PadBegin;
                (int first, int last) = _h.OutputsInside(offset);
                if (first >= last)
                    continue;
                float weight = w[(ky * _h.Kernel) + kx];
                for (int oy = top; oy < bottom; oy++)
                {
                    ReadOnlySpan<float> line = x.Slice(((oy * _v.Stride) + (ky * _v.Dilation) - _v.PadBegin) * _h.Input, _h.Input);
                    Span<float> row = y.Slice((oy * _h.Output) + first, last - first);
                    if (gathered is null)
                    {
                        TensorPrimitives.FusedMultiplyAdd(line.Slice(first + offset, row.Length), weight, row, row);
                        continue;
                    }
                    for (int i = 0, from = (first * _h.Stride) + offset; i < row.Length; i++, from += _h.Stride)
                        gathered[i] = line[from];
                    TensorPrimitives.FusedMultiplyAdd(gathered.AsSpan(0, row.Length), weight, row, row);
                }
            }
        }
        if (gathered is not null)
            ArrayPool<float>.Shared.Return(gathered);
    }

    private void ChannelsLast(ReadOnlySpan<float> x, float[] turned, Span<float> y)
    {
        for (int p = 0; p < _pixels; p++)
        {
            if (bias is null)
                y.Slice(p * outputChannels, outputChannels).Clear();
            else
                bias.CopyTo(y[(p * outputChannels)..]);
        }
        if (_in == 1 && _out == 1)
        {
            Depthwise(x, turned, y);
            return;
        }
        int k = _in * _taps, tile = IsPointwise ? _pixels : Tile(k);
        float[]? rows = IsPointwise ? null : ArrayPool<float>.Shared.Rent(k * tile);
        for (int g = 0; g < groups; g++)
        {
            for (int from = 0; from < _pixels; from += tile)
            {
                int count = Math.Min(tile, _pixels - from);
                if (rows is not null)
                    Rows(x, g, from, count, rows);
                MatrixProduct.Accumulate(
                    count, _out, k,
                    rows is null ? x[(g * _in)..] : rows, rows is null ? geometry.Channels : k, 1,
                    turned.AsSpan(g * k * _out), _out, 1,
                    y[((from * outputChannels) + (g * _out))..], outputChannels);
            }
        }
        if (rows is not null)
            ArrayPool<float>.Shared.Return(rows);
    }

    // im2col of one group for some output pixels: a row for each pixel, whose columns are taps and within them channels.
    private void Rows(ReadOnlySpan<float> x, int group, int from, int count, Span<float> rows)
    {
        int at = 0;
        for (int p = from; p < from + count; p++)
        {
            (int oy, int ox) = Math.DivRem(p, _h.Output);
            for (int ky = 0; ky < _v.Kernel; ky++)
            {
                int iy = (oy * _v.Stride) + (ky * _v.Dilation) - _v.PadBegin;
                for (int kx = 0; kx < _h.Kernel; kx++, at += _in)
                {
                    int ix = (ox * _h.Stride) + (kx * _h.Dilation) - _h.PadBegin;
                    Span<float> tap = rows.Slice(at, _in);
                    if ((uint)iy < (uint)_v.Input && (uint)ix < (uint)_h.Input)
                        x.Slice((((iy * _h.Input) + ix) * geometry.Channels) + (group * _in), _in).CopyTo(tap);
                    else
                        tap.Clear();
                }
            }
        }
    }

    private void Depthwise(ReadOnlySpan<float> x, ReadOnlySpan<float> turned, Span<float> y)
    {
        int channels = geometry.Channels;
        for (int oy = 0; oy < _v.Output; oy++)
        {
            for (int ox = 0; ox < _h.Output; ox++)
            {
                Span<float> pixel = y.Slice(((oy * _h.Output) + ox) * channels, channels);
                for (int ky = 0; ky < _v.Kernel; ky++)
                {
                    int iy = (oy * _v.Stride) + (ky * _v.Dilation) - _v.PadBegin;
                    if ((uint)iy >= (uint)_v.Input)
                        continue;
                    for (int kx = 0; kx < _h.Kernel; kx++)
                    {
                        int ix = (ox * _h.Stride) + (kx * _h.Dilation) - _h.PadBegin;
                        if ((uint)ix < (uint)_h.Input)
                            TensorPrimitives.FusedMultiplyAdd(
                                x.Slice(((iy * _h.Input) + ix) * channels, channels),
                                    turned.Slice(((ky * _h.Kernel) + kx) * channels, channels), pixel, pixel);
                    }
                }
            }
        }
    }

    /// <summary>
    /// The weights in the order that channels-last images are multiplied with: O,I,taps → for each group taps, I, O. For depthwise
    /// convolutions the channels of one tap lie side by side.
    /// </summary>
    public float[] TurnWeights()
    {
        var turned = new float[weights.Length];
        if (_in == 1 && _out == 1)
        {
            for (int o = 0; o < outputChannels; o++)
                for (int t = 0; t < _taps; t++)
                    turned[(t * outputChannels) + o] = weights[(o * _taps) + t];
            return turned;
        }
        int at = 0;
        for (int g = 0; g < groups; g++)
            for (int t = 0; t < _taps; t++)
                for (int i = 0; i < _in; i++)
                    for (int o = 0; o < _out; o++)
                        turned[at++] = weights[((((g * _out) + o) * _in) + i) * _taps + t];
        return turned;
    }
}
