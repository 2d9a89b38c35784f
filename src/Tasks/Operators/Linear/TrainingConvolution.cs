using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Linear;

/// <summary>
/// A convolution forward and backward, over any number of axes, with groups, strides and dilations: the windows are laid out as rows
/// (im2col; Chellapilla, Puri and Simard 2006) for as many output pixels at a time as fit into the cache, and multiplied with the
/// weights. Depthwise convolutions of channels-last images run without. Belongs to one tape.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
internal sealed class TrainingConvolution<T> : IHoldsBuffers
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Elements of the rows that exist at a time: half a megabyte of float32, which stays in a second-level cache.
    private const int TileElements = 1 << 17;

    private readonly WindowPlaces _places;
    private readonly int _groups;
    private readonly int _outputs;
    private readonly int _in;
    private readonly int _out;
    private readonly int _batch;
    private readonly bool _last;
    private readonly int _taps;
    private readonly int _pixels;
    private readonly int _terms;
    private readonly int _tile;
    private readonly T[] _turned;
    private readonly T[] _turnedGradient;
    private readonly T[] _rows;

    /// <summary>Prepares a convolution.</summary>
    /// <param name="geometry">The geometry.</param>
    /// <param name="outputs">Output channels.</param>
    /// <param name="groups">Groups of channels that do not mix.</param>
    public TrainingConvolution(WindowGeometry geometry, int outputs, int groups)
    {
        _places = new(geometry);
        (_groups, _outputs, _in, _out) = (groups, outputs, geometry.Channels / groups, outputs / groups);
        (_batch, _last, _taps, _pixels) = (geometry.Batch, geometry.ChannelsLast, _places.Taps, _places.OutputPixels);
        _terms = _taps * _in;
        // Rows of several images follow each other only where pixels do so in the output.
        _tile = Math.Clamp(TileElements / Math.Max(_terms, 1), 1, Math.Max(_last ? _batch * _pixels : _pixels, 1));
        _turned = new T[outputs * _terms];
        _turnedGradient = new T[outputs * _terms];
        _rows = IsDepthwise || ReadsInput ? [] : new T[_tile * _terms];
    }

    private bool IsDepthwise => _last && _in == 1 && _out == 1;

    // Pixels of channels-last images are the rows themselves.
    private bool ReadsInput => _last && _places.IsPointwise;

    /// <inheritdoc/>
    public long Bytes => _places.Bytes + (((long)_turned.Length + _turnedGradient.Length + _rows.Length) * ElementTypes.Of<T>().Size());

    /// <summary>Computes the convolution.</summary>
    /// <param name="x">The images.</param>
    /// <param name="weights">The weights: outputs, inputs of a group, taps.</param>
    /// <param name="bias">One value for each output channel; null for zeros.</param>
    /// <param name="y">Receives the results.</param>
    public void Forward(T[] x, T[] weights, T[]? bias, T[] y)
    {
        Turn(weights);
        FillBias(bias, y);
        if (IsDepthwise)
        {
            ForEachTap((from, tap, to) => GradientSums.AddProducts(x.AsSpan(from, _outputs), _turned.AsSpan(tap, _outputs),
                y.AsSpan(to, _outputs)));
            return;
        }
        ForEachTile((image, group, from, count) =>
        {
            ReadOnlySpan<T> rows = Rows(x, image, group, from, count, out int stride);
            ReadOnlySpan<T> w = _turned.AsSpan(group * _terms * _out, _terms * _out);
            int at = Output(image, group, from);
            if (_last)
                GradientSums.AddMatrixProduct(count, _out, _terms, rows, stride, 1, w, _out, 1, y.AsSpan(at), _outputs);
            else
                GradientSums.AddMatrixProduct(_out, count, _terms, w, 1, _out, rows, 1, stride, y.AsSpan(at), _pixels);
        });
    }

    /// <summary>Adds the gradients.</summary>
    /// <param name="x">The images.</param>
    /// <param name="weights">The weights.</param>
    /// <param name="dy">The gradient of the results.</param>
    /// <param name="dx">The gradient of the images; null where nobody asks for it.</param>
    /// <param name="dw">The gradient of the weights; null where nobody asks for it.</param>
    /// <param name="db">The gradient of the bias; null where nobody asks for it.</param>
    public void Backward(T[] x, T[] weights, T[] dy, T[]? dx, T[]? dw, T[]? db)
    {
        if (db is not null)
            BiasGradient(dy, db);
        if (dw is not null)
            WeightGradient(x, dy, dw);
        if (dx is not null)
            InputGradient(weights, dy, dx);
    }

    private void WeightGradient(T[] x, T[] dy, T[] dw)
    {
        T[] turned = _turnedGradient;
        Array.Clear(turned);
        if (IsDepthwise)
        {
            ForEachTap((from, tap, to) => GradientSums.AddProducts(x.AsSpan(from, _outputs), dy.AsSpan(to, _outputs),
                turned.AsSpan(tap, _outputs)));
        }
        else
        {
            (int row, int column) = _last ? (_outputs, 1) : (1, _pixels);
            ForEachTile((image, group, from, count) => GradientSums.AddMatrixProduct(_terms, _out, count,
                Rows(x, image, group, from, count, out int stride), 1, stride, dy.AsSpan(Output(image, group, from)), row, column,
                turned.AsSpan(group * _terms * _out), _out));
        }
        for (int i = 0; i < turned.Length; i++)
            dw[i] += turned[Turned(i)];
    }

    private void InputGradient(T[] weights, T[] dy, T[] dx)
    {
        Turn(weights);
        if (IsDepthwise)
        {
            ForEachTap((from, tap, to) => GradientSums.AddProducts(dy.AsSpan(to, _outputs), _turned.AsSpan(tap, _outputs),
                dx.AsSpan(from, _outputs)));
            return;
        }
        (int row, int column) = _last ? (_outputs, 1) : (1, _pixels);
        ForEachTile((image, group, from, count) =>
        {
            ReadOnlySpan<T> w = _turned.AsSpan(group * _terms * _out, _terms * _out);
            ReadOnlySpan<T> gradient = dy.AsSpan(Output(image, group, from));
            if (ReadsInput)
            {
                GradientSums.AddMatrixProduct(count, _in, _out, gradient, row, column, w, 1, _out,
                    dx.AsSpan((from * _groups * _in) + (group * _in)), _groups * _in);
                return;
            }
            Span<T> rows = _rows.AsSpan(0, count * _terms);
            rows.Clear();
            GradientSums.AddMatrixProduct(count, _terms, _out, gradient, row, column, w, 1, _out, rows, _terms);
            Scatter(rows, image, group, from, count, dx);
        });
    }

    // Calls for each window and each of its taps inside the image, with the places of the tap's channels in the images, in the
    // turned weights and in the results.
    private void ForEachTap(Action<int, int, int> tap)
    {
        int[] pixels = _places.Pixels;
        for (int n = 0; n < _batch; n++)
            for (int p = 0; p < _pixels; p++)
                for (int t = 0; t < _taps; t++)
                    if (pixels[(p * _taps) + t] is >= 0 and var pixel)
                        tap(((n * _places.InputPixels) + pixel) * _outputs, t * _outputs, ((n * _pixels) + p) * _outputs);
    }

    // Channels-last images are one run of pixels; of others each is taken by itself.
    private void ForEachTile(Action<int, int, int, int> tile)
    {
        int images = _last ? 1 : _batch, pixels = _last ? _batch * _pixels : _pixels;
        int step = ReadsInput ? pixels : _tile;
        for (int image = 0; image < images; image++)
            for (int group = 0; group < _groups; group++)
                for (int from = 0; from < pixels; from += step)
                    tile(image, group, from, Math.Min(step, pixels - from));
    }

    private int Output(int image, int group, int from) => _last
        ? (from * _outputs) + (group * _out)
        : (((image * _outputs) + (group * _out)) * _pixels) + from;

    private ReadOnlySpan<T> Rows(T[] x, int image, int group, int from, int count, out int stride)
    {
        stride = ReadsInput ? _groups * _in : _terms;
        if (ReadsInput)
            return x.AsSpan((from * stride) + (group * _in));
        int at = 0;
        if (IsContiguous)
        {
            // In the order of the taps the channels of neighbouring pixels follow each other.
            for (int p = from; p < from + count; p++, at += _terms)
            {
                int start = Image(image, group, p, out int own);
                Span<T> row = _rows.AsSpan(at, _terms);
                row.Clear();
                foreach (WindowPlaces.Run run in _places.RunsOf(own))
                    x.AsSpan(start + (run.Pixel * _in), run.Length * _in).CopyTo(row[(run.Tap * _in)..]);
            }
            return _rows.AsSpan(0, count * _terms);
        }
        for (int p = from; p < from + count; p++)
        {
            for (int t = 0; t < _taps; t++, at += _in)
            {
                if (Input(image, group, p, t) is not (>= 0 and var place))
                    _rows.AsSpan(at, _in).Clear();
                else if (_last)
                    x.AsSpan(place, _in).CopyTo(_rows.AsSpan(at));
                else
                    for (int i = 0; i < _in; i++)
                        _rows[at + i] = x[place + (i * _places.InputPixels)];
            }
        }
        return _rows.AsSpan(0, count * _terms);
    }

    private void Scatter(ReadOnlySpan<T> rows, int image, int group, int from, int count, T[] dx)
    {
        int at = 0;
        if (IsContiguous)
        {
            for (int p = from; p < from + count; p++, at += _terms)
            {
                int start = Image(image, group, p, out int own);
                foreach (WindowPlaces.Run run in _places.RunsOf(own))
                    GradientSums.Add(rows.Slice(at + (run.Tap * _in), run.Length * _in), dx.AsSpan(start + (run.Pixel * _in)));
            }
            return;
        }
        for (int p = from; p < from + count; p++)
        {
            for (int t = 0; t < _taps; t++, at += _in)
            {
                if (Input(image, group, p, t) is not (>= 0 and var place))
                    continue;
                if (_last)
                    GradientSums.Add(rows.Slice(at, _in), dx.AsSpan(place, _in));
                else
                    for (int i = 0; i < _in; i++)
                        dx[place + (i * _places.InputPixels)] += rows[at + i];
            }
        }
    }

    // Whether the channels that a tap reads lie side by side, and those of the next pixel behind them.
    private bool IsContiguous => _last ? _groups == 1 : _in == 1;

    // Where the pixels of a group's image begin, and the output pixel in its image.
    private int Image(int image, int group, int p, out int own)
    {
        (int n, own) = _last ? Math.DivRem(p, _pixels) : (image, p);
        return _last ? n * _places.InputPixels * _in : ((n * _groups) + group) * _places.InputPixels;
    }

    // The first channel of a group that a window's tap sees; negative in the padding.
    private int Input(int image, int group, int p, int t)
    {
        (int n, int own) = _last ? Math.DivRem(p, _pixels) : (image, p);
        int pixel = _places.Pixels[(own * _taps) + t];
        return pixel < 0 ? -1
            : _last ? ((((n * _places.InputPixels) + pixel) * _groups) + group) * _in
            : (((n * _groups * _in) + (group * _in)) * _places.InputPixels) + pixel;
    }

    private void FillBias(T[]? bias, T[] y)
    {
        if (bias is null)
            Array.Clear(y);
        else if (_last)
            for (int p = 0; p < y.Length; p += _outputs)
                bias.CopyTo(y, p);
        else
            for (int c = 0; c < y.Length / _pixels; c++)
                y.AsSpan(c * _pixels, _pixels).Fill(bias[c % _outputs]);
    }

    private void BiasGradient(T[] dy, T[] db)
    {
        if (_last)
            for (int p = 0; p < dy.Length; p += _outputs)
                GradientSums.Add(dy.AsSpan(p, _outputs), db);
        else
            for (int c = 0; c < dy.Length / _pixels; c++)
                db[c % _outputs] += Numerics.LaneSums.Sum<T>(dy.AsSpan(c * _pixels, _pixels));
    }

    private void Turn(T[] weights)
    {
        for (int i = 0; i < weights.Length; i++)
            _turned[Turned(i)] = weights[i];
    }

    // Where a weight of the order outputs, inputs of a group, taps lies in the order groups, taps, inputs, outputs of a group.
    private int Turned(int weight)
    {
        (int row, int tap) = Math.DivRem(weight, _taps);
        (int output, int input) = Math.DivRem(row, _in);
        (int group, int o) = Math.DivRem(output, _out);
        return IsDepthwise ? (tap * _outputs) + output : (((((group * _taps) + tap) * _in) + input) * _out) + o;
    }
}
