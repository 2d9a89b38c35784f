using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Linear;

/// <summary>
/// A convolution forward and backward, over any number of axes, with groups, strides and dilations: the windows of as many output pixels at
/// a time as fit into the cache are laid out as a matrix (im2col; Chellapilla, Puri and Simard 2006) and multiplied with the weights:
/// as a row for each pixel where a tap has many channels side by side, else as a row for each tap and channel. Depthwise convolutions
/// of channels-last images run without (<see cref="TrainingDepthwise{T}"/>). Belongs to one tape.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
internal sealed class TrainingConvolution<T> : IHoldsBuffers
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Elements of the matrix that exist at a time: a quarter of a megabyte of float32, which stays in a second-level cache.
    private const int TileElements = 1 << 16;

    // Channels of a tap from which on they are copied together.
    private const int ManyChannels = 8;

    // Pixels at a time are a multiple of what a register tile of the product has.
    private const int PixelsTogether = 48;

    // Elements of the gradient that are added to the bias' at a time.
    private const int BiasElements = 512;

    private readonly WindowPlaces _places;
    private readonly TrainingDepthwise<T>? _depthwise;
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
    private readonly T[] _byOutput;
    private readonly T[] _rows;
    private readonly T[] _bias;

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
        bool isDepthwise = _last && _in == 1 && _out == 1;
        _depthwise = isDepthwise ? new(_places, outputs, _batch) : null;
        // Windows of several images follow each other only where pixels do so in the output.
        int tile = TileElements / Math.Max(_terms, 1);
        _tile = Math.Clamp(tile - (tile > PixelsTogether ? tile % PixelsTogether : 0), 1, Math.Max(_last ? _batch * _pixels : _pixels, 1));
        _turned = isDepthwise ? [] : new T[outputs * _terms];
        _byOutput = isDepthwise ? [] : new T[outputs * _terms];
        _rows = isDepthwise || ReadsInput ? [] : new T[_tile * _terms];
        _bias = _last ? new T[Math.Max(BiasElements / Math.Max(outputs, 1), 1) * outputs] : [];
    }

    // Pixels of channels-last images are the rows themselves.
    private bool ReadsInput => _last && _places.IsPointwise;

    // Whether the matrix has a row for each tap and channel; a column for each pixel.
    private bool IsByTap => !ReadsInput && (!_last || _in < ManyChannels);

    /// <inheritdoc/>
    public long Bytes => _places.Bytes + (_depthwise?.Bytes ?? 0)
        + (((long)_turned.Length + _byOutput.Length + _rows.Length + _bias.Length) * ElementTypes.Of<T>().Size());

    /// <summary>Computes the convolution.</summary>
    /// <param name="x">The images.</param>
    /// <param name="weights">The weights: outputs, inputs of a group, taps.</param>
    /// <param name="bias">One value for each output channel; null for zeros.</param>
    /// <param name="y">Receives the results.</param>
    public void Forward(T[] x, T[] weights, T[]? bias, T[] y)
    {
        FillBias(bias, y);
        if (_depthwise is not null)
        {
            _depthwise.Forward(x, weights, y);
            return;
        }
        TurnTo(_turned, weights);
        ForEachTile((image, group, from, count) =>
        {
            Windows windows = Laid(x, image, group, from, count);
            ReadOnlySpan<T> w = _turned.AsSpan(group * _terms * _out, _terms * _out);
            int at = Output(image, group, from);
            if (_last)
                GradientSums.AddMatrixProduct(count, _out, _terms, windows.Elements, windows.Pixel, windows.Term, w, _out, 1,
                    y.AsSpan(at), _outputs);
            else
                GradientSums.AddMatrixProduct(_out, count, _terms, w, 1, _out, windows.Elements, windows.Term, windows.Pixel,
                    y.AsSpan(at), _pixels);
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
        if (dw is not null && _depthwise is not null)
            _depthwise.WeightGradient(x, dy, dw);
        else if (dw is not null)
            WeightGradient(x, dy, dw);
        if (dx is not null && _depthwise is not null)
            _depthwise.InputGradient(weights, dy, dx);
        else if (dx is not null)
            InputGradient(weights, dy, dx);
    }

    private void WeightGradient(T[] x, T[] dy, T[] dw)
    {
        T[] turned = _turned;
        Array.Clear(turned);
        (int row, int column) = _last ? (_outputs, 1) : (1, _pixels);
        ForEachTile((image, group, from, count) =>
        {
            Windows windows = Laid(x, image, group, from, count);
            GradientSums.AddMatrixProduct(_terms, _out, count, windows.Elements, windows.Term, windows.Pixel,
                dy.AsSpan(Output(image, group, from)), row, column, turned.AsSpan(group * _terms * _out), _out);
        });
        int at = 0;
        for (int o = 0; o < _outputs; o++)
            for (int i = 0; i < _in; i++)
                for (int t = 0, from = Turned(o, i); t < _taps; t++, from += _in * _out)
                    dw[at++] += turned[from];
    }

    private void InputGradient(T[] weights, T[] dy, T[] dx)
    {
        ByOutput(weights);
        (int row, int column) = _last ? (_outputs, 1) : (1, _pixels);
        ForEachTile((image, group, from, count) =>
        {
            ReadOnlySpan<T> w = _byOutput.AsSpan(group * _terms * _out, _terms * _out);
            ReadOnlySpan<T> gradient = dy.AsSpan(Output(image, group, from));
            if (ReadsInput)
            {
                GradientSums.AddMatrixProduct(count, _in, _out, gradient, row, column, w, _terms, 1,
                    dx.AsSpan((from * _groups * _in) + (group * _in)), _groups * _in);
                return;
            }
            Span<T> rows = _rows.AsSpan(0, count * _terms);
            if (IsByTap)
            {
                GradientSums.SetMatrixProduct(_terms, count, _out, w, 1, _terms, gradient, column, row, rows, count);
                AddColumns(rows, image, group, from, count, dx);
                return;
            }
            GradientSums.SetMatrixProduct(count, _terms, _out, gradient, row, column, w, _terms, 1, rows, _terms);
            AddRows(rows, group, from, count, dx);
        });
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

    private Windows Laid(T[] x, int image, int group, int from, int count)
    {
        if (ReadsInput)
            return new(x.AsSpan((from * _groups * _in) + (group * _in)), _groups * _in, 1);
        Span<T> rows = _rows.AsSpan(0, count * _terms);
        if (IsByTap)
        {
            FillColumns(x, image, group, from, count, rows);
            return new(rows, 1, count);
        }
        FillRows(x, group, from, count, rows);
        return new(rows, _terms, 1);
    }

    // Of channels-last images. In the order of the taps the channels of neighbouring pixels follow each other, unless there are groups.
    private void FillRows(T[] x, int group, int from, int count, Span<T> rows)
    {
        for (int p = from, at = 0; p < from + count; p++, at += _terms)
        {
            (int n, int own) = Math.DivRem(p, _pixels);
            ReadOnlySpan<WindowPlaces.Run> runs = _places.RunsOf(own);
            Span<T> row = rows.Slice(at, _terms);
            int inside = 0;
            foreach (WindowPlaces.Run run in runs)
                inside += run.Length;
            if (inside < _taps)
                row.Clear();
            foreach (WindowPlaces.Run run in runs)
            {
                if (_groups == 1)
                    x.AsSpan(Place(n, run.Pixel, 0), run.Length * _in).CopyTo(row[(run.Tap * _in)..]);
                else
                    for (int i = 0; i < run.Length; i++)
                        x.AsSpan(Place(n, run.Pixel + i, group), _in).CopyTo(row[((run.Tap + i) * _in)..]);
            }
        }
    }

    private void AddRows(ReadOnlySpan<T> rows, int group, int from, int count, T[] dx)
    {
        for (int p = from, at = 0; p < from + count; p++, at += _terms)
        {
            (int n, int own) = Math.DivRem(p, _pixels);
            foreach (WindowPlaces.Run run in _places.RunsOf(own))
            {
                if (_groups == 1)
                    GradientSums.Add(rows.Slice(at + (run.Tap * _in), run.Length * _in), dx.AsSpan(Place(n, run.Pixel, 0)));
                else
                    for (int i = 0; i < run.Length; i++)
                        GradientSums.Add(rows.Slice(at + ((run.Tap + i) * _in), _in), dx.AsSpan(Place(n, run.Pixel + i, group)));
            }
        }
    }

    // Where a pixel's channels of a group begin in channels-last images.
    private int Place(int n, int pixel, int group) => ((((n * _places.InputPixels) + pixel) * _groups) + group) * _in;

    private void FillColumns(T[] x, int image, int group, int from, int count, Span<T> columns)
    {
        (int[] pixels, int[] lengths) = _places.ByTap;
        int step = _last ? _groups * _in : 1;
        for (int p = 0, own, length; p < count; p += length)
        {
            int origin = Origin(image, group, from + p, count - p, out own, out length);
            for (int term = 0; term < _terms; term++)
            {
                (int t, int i) = Math.DivRem(term, _in);
                int start = origin + (i * (_last ? 1 : _places.InputPixels));
                Span<T> row = columns.Slice((term * count) + p, length);
                for (int at = 0, place = (t * _pixels) + own, run; at < length; at += run, place += run)
                {
                    run = Math.Min(lengths[place], length - at);
                    int pixel = pixels[place];
                    if (pixel < 0)
                    {
                        row.Slice(at, run).Clear();
                    }
                    else if (step == 1)
                    {
                        x.AsSpan(start + pixel, run).CopyTo(row[at..]);
                    }
                    else
                    {
                        for (int e = 0; e < run; e++)
                            row[at + e] = x[start + ((pixel + e) * step)];
                    }
                }
            }
        }
    }

    private void AddColumns(ReadOnlySpan<T> columns, int image, int group, int from, int count, T[] dx)
    {
        (int[] pixels, int[] lengths) = _places.ByTap;
        int step = _last ? _groups * _in : 1;
        for (int p = 0, own, length; p < count; p += length)
        {
            int origin = Origin(image, group, from + p, count - p, out own, out length);
            for (int term = 0; term < _terms; term++)
            {
                (int t, int i) = Math.DivRem(term, _in);
                int start = origin + (i * (_last ? 1 : _places.InputPixels));
                ReadOnlySpan<T> row = columns.Slice((term * count) + p, length);
                for (int at = 0, place = (t * _pixels) + own, run; at < length; at += run, place += run)
                {
                    run = Math.Min(lengths[place], length - at);
                    int pixel = pixels[place];
                    if (pixel < 0)
                        continue;
                    if (step == 1)
                        GradientSums.Add(row.Slice(at, run), dx.AsSpan(start + pixel));
                    else
                        for (int e = 0; e < run; e++)
                            dx[start + ((pixel + e) * step)] += row[at + e];
                }
            }
        }
    }

    // Where the first channel of a group begins in the image of an output pixel; the pixel in its image, and how many of so many pixels
    // from it on lie in the same image.
    private int Origin(int image, int group, int p, int count, out int own, out int length)
    {
        (int n, own) = _last ? Math.DivRem(p, _pixels) : (image, p);
        length = Math.Min(count, _pixels - own);
        return _last ? (n * _places.InputPixels * _groups * _in) + (group * _in) : ((n * _groups) + group) * _in * _places.InputPixels;
    }

    private void FillBias(T[]? bias, T[] y)
    {
        if (bias is null)
        {
            Array.Clear(y);
        }
        else if (_last)
        {
            // Twice as many pixels each time.
            bias.AsSpan(0, Math.Min(_outputs, y.Length)).CopyTo(y);
            for (int done = _outputs; done < y.Length; done *= 2)
                y.AsSpan(0, Math.Min(done, y.Length - done)).CopyTo(y.AsSpan(done));
        }
        else
            for (int c = 0; c < y.Length / _pixels; c++)
                y.AsSpan(c * _pixels, _pixels).Fill(bias[c % _outputs]);
    }

    private void BiasGradient(T[] dy, T[] db)
    {
        if (_last)
        {
            // Some pixels side by side, whose sums are added up at the end.
            Span<T> sums = _bias;
            sums.Clear();
            for (int p = 0; p < dy.Length; p += sums.Length)
                GradientSums.Add(dy.AsSpan(p, Math.Min(sums.Length, dy.Length - p)), sums);
            for (int p = 0; p < sums.Length; p += _outputs)
                GradientSums.Add(sums.Slice(p, _outputs), db);
        }
        else
            for (int c = 0; c < dy.Length / _pixels; c++)
                db[c % _outputs] += Numerics.LaneSums.Sum<T>(dy.AsSpan(c * _pixels, _pixels));
    }

    // The weights in the order groups, taps, inputs, outputs of a group.
    private void TurnTo(T[] turned, T[] weights)
    {
        int at = 0;
        for (int o = 0; o < _outputs; o++)
            for (int i = 0; i < _in; i++)
                for (int t = 0, to = Turned(o, i); t < _taps; t++, to += _in * _out)
                    turned[to] = weights[at++];
    }

    // The weights in the order outputs, taps, inputs of a group.
    private void ByOutput(T[] weights)
    {
        int at = 0;
        for (int o = 0; o < _outputs; o++)
            for (int i = 0; i < _in; i++)
                for (int t = 0, to = (o * _terms) + i; t < _taps; t++, to += _in)
                    _byOutput[to] = weights[at++];
    }

    // Where the first tap's weight of an output and an input lies among the turned ones.
    private int Turned(int output, int input)
    {
        (int group, int o) = Math.DivRem(output, _out);
        return (((group * _terms) + input) * _out) + o;
    }

    // The matrix of the windows of some pixels, with the distances of neighbouring pixels and of neighbouring terms.
    private readonly ref struct Windows(ReadOnlySpan<T> elements, int pixel, int term)
    {
        public ReadOnlySpan<T> Elements { get; } = elements;

        public int Pixel { get; } = pixel;

        public int Term { get; } = term;
    }
}
