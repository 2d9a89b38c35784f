namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Rows of inputs split into planes: of a row with a period, every element whose number has the same remainder by the period. What the
/// window
/// of one row of outputs shares with that of the next is split once: a row of planes for each tap, with the place that it was made of.
/// </summary>
internal ref struct Float32Planes
{
    private readonly Span<nint> _places;
    private readonly Span<bool> _isNeeded;
    private readonly int _period;
    private readonly int _width;
    private int _next;

    /// <summary>No rows yet.</summary>
    /// <param name="places">Room for the place of each row.</param>
    /// <param name="isNeeded">Room for whether it is read by the present window.</param>
    /// <param name="period">Planes of a row.</param>
    /// <param name="width">Floats from one plane to the next.</param>
    public Float32Planes(Span<nint> places, Span<bool> isNeeded, int period, int width)
    {
        _places = places;
        _isNeeded = isNeeded;
        _period = period;
        _width = width;
        _next = 0;
        Forget();
    }

    /// <summary>All rows are to be split anew.</summary>
    public void Forget() => _places.Fill(-1);

    /// <summary>Splits what a window reads, as far as it has not been split for the windows before it.</summary>
    /// <param name="arena">The arena.</param>
    /// <param name="window">The window's first input, from the arena's beginning.</param>
    /// <param name="taps">Byte offsets of its rows.</param>
    /// <param name="count">Floats in a row.</param>
    /// <param name="planes">The planes of the first row.</param>
    /// <param name="slots">Gets each tap's row of planes.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Split(ref byte arena, nint window, ReadOnlySpan<int> taps, int count, ref byte planes, Span<int> slots)
    {
        unchecked
        {
            _isNeeded.Clear();
            for (int t = 0; t < taps.Length; t++)
            {
                slots[t] = _places.IndexOf(window + taps[t]);
                if (slots[t] >= 0)
                    _isNeeded[slots[t]] = true;
            }
            for (int t = 0; t < taps.Length; t++)
            {
                if (slots[t] >= 0)
                    continue;
                // The oldest row that no tap reads any more.
                while (_isNeeded[_next])
                    _next = _next + 1 == _places.Length ? 0 : _next + 1;
                slots[t] = _next;
                _isNeeded[_next] = true;
                _places[_next] = window + taps[t];
                Row(
                    ref Unsafe.Add(ref arena, window + taps[t]), count,
                    ref Unsafe.Add(ref planes, (nint)_next * _period * _width * sizeof(float)));
            }
        }
    }

    // Blocks in registers where there are enough planes, what remains one by one.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private readonly void Row(ref byte from, int count, ref byte to)
    {
        unchecked
        {
            nint period = _period * sizeof(float);
            nint width = (nint)_width * sizeof(float);
            if (_period == 1)
            {
                Unsafe.CopyBlockUnaligned(ref to, ref from, (uint)(count * sizeof(float)));
                return;
            }
            int side = BlockTransposition.Side(sizeof(float));
            int lines = count / _period;
            int blockLines = side == 0 || _period < side ? 0 : lines / side * side;
            int blockPlanes = blockLines == 0 ? 0 : _period / side * side;
            for (int i = 0; i < blockLines; i += side)
            {
                for (int c = 0; c < blockPlanes; c += side)
                {
                    BlockTransposition.Run(
                        ref Unsafe.Add(ref from, (i * period) + (c * sizeof(float))), period,
                        ref Unsafe.Add(ref to, (c * width) + ((nint)i * sizeof(float))), width, sizeof(float));
                }
                for (int line = i; line < i + side; line++)
                    Line(ref from, ref to, line, blockPlanes, _period);
            }
            for (int line = blockLines; line < lines; line++)
                Line(ref from, ref to, line, 0, _period);
            Line(ref from, ref to, lines, 0, count - (lines * _period));
        }
    }

    // Some neighbouring elements of a line, one for each plane.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Line(ref byte from, ref byte to, int line, int plane, int end)
    {
        ref float x = ref Unsafe.As<byte, float>(ref Unsafe.Add(ref from, (nint)line * _period * sizeof(float)));
        ref float y = ref Unsafe.As<byte, float>(ref Unsafe.Add(ref to, (nint)line * sizeof(float)));
        for (nint c = plane; c < end; c++)
            Unsafe.Add(ref y, c * _width) = Unsafe.Add(ref x, c);
    }
}
