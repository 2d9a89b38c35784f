namespace OptimizerBuild.Kernels;

using global::System;

/// <summary>
/// Walks over the positions of a feature map (or the rows of a matrix), which form nested dimensions, and says where each one lies,
/// so that the tiles that follow know nothing of dimensions.
/// </summary>
internal ref struct Float32Positions
{
    private readonly ReadOnlySpan<int> _extents;
    private readonly ReadOnlySpan<int> _inputSteps;
    private readonly ReadOnlySpan<int> _outputSteps;
    private int _row;
    private int _column;
    private nint _inputRow;
    private nint _outputRow;

    /// <summary>A walk from the first position on.</summary>
    /// <param name="extents">Extents of the positions, outermost first.</param>
    /// <param name="inputSteps">Bytes between the inputs of neighbours, for each dimension.</param>
    /// <param name="outputSteps">Bytes between the outputs of neighbours, for each dimension.</param>
    public Float32Positions(ReadOnlySpan<int> extents, ReadOnlySpan<int> inputSteps, ReadOnlySpan<int> outputSteps)
    {
        _extents = extents;
        _inputSteps = inputSteps;
        _outputSteps = outputSteps;
        int count = 1;
        for (int i = 0; i < extents.Length; i++)
            count *= extents[i];
        Count = count;
    }

    /// <summary>The number of positions.</summary>
    public int Count { get; }

    /// <summary>The next positions, as many as there is room for.</summary>
    public void Next(scoped Span<Place> places)
    {
        int last = _extents.Length - 1;
        int width = last >= 0 ? _extents[last] : 1;
        nint inputStep = last >= 0 ? _inputSteps[last] : 0;
        nint outputStep = last >= 0 ? _outputSteps[last] : 0;
        for (int i = 0; i < places.Length;)
        {
            int end = Math.Min(places.Length, i + width - _column);
            nint input = _inputRow + (_column * inputStep);
            nint output = _outputRow + (_column * outputStep);
            _column += end - i;
            for (; i < end; i++, input += inputStep, output += outputStep)
            {
                places[i].Input = input;
                places[i].Output = output;
            }
            if (_column == width)
            {
                _column = 0;
                _row++;
                Locate();
            }
        }
    }

    // The offsets of a row, its number being counted over all dimensions but the last.
    private void Locate()
    {
        _inputRow = 0;
        _outputRow = 0;
        int row = _row;
        for (int d = _extents.Length - 2; d >= 0; d--)
        {
            int index = row % _extents[d];
            row /= _extents[d];
            _inputRow += (nint)index * _inputSteps[d];
            _outputRow += (nint)index * _outputSteps[d];
        }
    }

    /// <summary>Where a position lies: byte offsets from the first one.</summary>
    internal struct Place
    {
        /// <summary>The inputs under the first tap.</summary>
        public nint Input;

        /// <summary>The first output.</summary>
        public nint Output;
    }
}
