using System.Runtime.InteropServices;
using System.Text;

namespace OptimizerBuild.Bench;

/// <summary>
/// The few calls of the ONNX Runtime C API that a side-by-side measurement needs, without any managed package: entries of
/// <c>OrtApi</c> are addressed by their index, which the ABI keeps stable from version to version.
/// </summary>
internal sealed unsafe class OnnxRuntimePeer
{
    private const uint ApiVersion = 17;
    private const int GraphOptimizationAll = 99;

    private readonly void** _api;
    private readonly nint _environment;
    private readonly nint _memory;

    private OnnxRuntimePeer(void** api, nint environment, nint memory)
    {
        _api = api;
        _environment = environment;
        _memory = memory;
    }

    /// <summary>Loads the native library: of <c>bench/peers</c>, or the one that <c>ONNXRUNTIME_LIBRARY</c> names.</summary>
    /// <param name="repository">The repository's folder.</param>
    /// <exception cref="FileNotFoundException">It is not installed.</exception>
    /// <exception cref="NotSupportedException">The library is too old.</exception>
    public static OnnxRuntimePeer Load(string repository)
    {
        string library = LibraryPath(repository);
        if (!File.Exists(library))
            throw new FileNotFoundException($"ONNX Runtime is not installed ({library}): run 'npm ci --ignore-scripts' in bench/peers");
        nint handle = NativeLibrary.Load(library);
        var getApiBase = (delegate* unmanaged<nint*>)NativeLibrary.GetExport(handle, "OrtGetApiBase");
        var api = (void**)((delegate* unmanaged<uint, void*>)getApiBase()[0])(ApiVersion);
        if (api == null)
            throw new NotSupportedException($"{library} has no C API version {ApiVersion}");
        nint environment, memory;
        fixed (byte* id = "bench\0"u8)
            Check(api, ((delegate* unmanaged<int, byte*, nint*, nint>)api[3])(3, id, &environment));
        Check(api, ((delegate* unmanaged<int, int, nint*, nint>)api[69])(0, 0, &memory));
        return new(api, environment, memory);
    }

    /// <summary>The version of the native library, as it tells it.</summary>
    /// <param name="repository">The repository's folder.</param>
    public static string Version(string repository)
    {
        nint handle = NativeLibrary.Load(LibraryPath(repository));
        var getApiBase = (delegate* unmanaged<nint*>)NativeLibrary.GetExport(handle, "OrtGetApiBase");
        return Marshal.PtrToStringUTF8((nint)((delegate* unmanaged<byte*>)getApiBase()[1])()) ?? "";
    }

    /// <summary>Where the native library is, or would be if it were installed.</summary>
    public static string LibraryPath(string repository)
    {
        if (Environment.GetEnvironmentVariable("ONNXRUNTIME_LIBRARY") is { Length: > 0 } named)
            return named;
        string folder = Path.Combine(repository, "bench", "peers", "node_modules", "onnxruntime-node", "bin", "napi-v6");
        string architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        return OperatingSystem.IsWindows() ? Path.Combine(folder, "win32", architecture, "onnxruntime.dll")
            : OperatingSystem.IsMacOS() ? Path.Combine(folder, "darwin", architecture, "libonnxruntime.dylib")
            : Path.Combine(folder, "linux", architecture, "libonnxruntime.so.1");
    }

    /// <summary>Opens a model.</summary>
    /// <param name="path">The model file.</param>
    /// <param name="threads">Threads for one operator.</param>
    public Session Open(string path, int threads) => new(this, threads, (api, options) =>
    {
        nint session;
        fixed (byte* p = Encoding.UTF8.GetBytes(path + "\0"))
            Check(((delegate* unmanaged<nint, byte*, nint, nint*, nint>)((void**)api)[7])(_environment, p, options, &session));
        return session;
    });

    /// <summary>Opens a model that is in memory.</summary>
    /// <param name="model">The model file's contents.</param>
    /// <param name="threads">Threads for one operator.</param>
    public Session Open(byte[] model, int threads) => new(this, threads, (api, options) =>
    {
        nint session;
        fixed (byte* p = model)
            Check(((delegate* unmanaged<nint, byte*, nint, nint, nint*, nint>)((void**)api)[8])(_environment, p, model.Length, options, &session));
        return session;
    });

    private void Check(nint status) => Check(_api, status);

    private static void Check(void** api, nint status)
    {
        if (status == 0)
            return;
        byte* text = ((delegate* unmanaged<nint, byte*>)api[2])(status);
        throw new InvalidOperationException(Marshal.PtrToStringUTF8((nint)text));
    }

    /// <summary>A loaded model that runs on fixed input buffers.</summary>
    public sealed class Session
    {
        private readonly OnnxRuntimePeer _peer;
        private readonly nint _session;
        private readonly nint[] _inputNames;
        private readonly nint[] _inputs;
        private readonly nint[] _inputMemory;
        private readonly int[] _inputBytes;
        private readonly nint[] _outputNames;
        private readonly nint[] _outputs;

        internal Session(OnnxRuntimePeer peer, int threads, Func<nint, nint, nint> open)
        {
            _peer = peer;
            void** api = peer._api;
            nint options, allocator;
            peer.Check(((delegate* unmanaged<nint*, nint>)api[10])(&options));
            peer.Check(((delegate* unmanaged<nint, int, nint>)api[23])(options, GraphOptimizationAll));
            peer.Check(((delegate* unmanaged<nint, int, nint>)api[24])(options, threads));
            nint session = open((nint)api, options);
            peer.Check(((delegate* unmanaged<nint*, nint>)api[78])(&allocator));
            _session = session;
            _inputNames = Names(api, 30, 36, allocator);
            _outputNames = Names(api, 31, 37, allocator);
            _inputs = new nint[_inputNames.Length];
            _inputMemory = new nint[_inputNames.Length];
            _inputBytes = new int[_inputNames.Length];
            _outputs = new nint[_outputNames.Length];
        }

        /// <summary>The names of the inputs, in the model's order.</summary>
        public string[] Inputs => Array.ConvertAll(_inputNames, n => Marshal.PtrToStringUTF8(n)!);

        /// <summary>Makes an input buffer.</summary>
        /// <param name="index">The input's index.</param>
        /// <param name="bytes">Its size in bytes.</param>
        /// <param name="elementType">Its element type in ONNX numbering.</param>
        /// <param name="shape">Its concrete dimensions.</param>
        public void Bind(int index, int bytes, int elementType, long[] shape)
        {
            void* data = NativeMemory.AlignedAlloc((nuint)Math.Max(bytes, 1), 64);
            nint value;
            fixed (long* s = shape)
                _peer.Check(((delegate* unmanaged<nint, void*, nint, long*, nint, int, nint*, nint>)_peer._api[49])(
                    _peer._memory, data, bytes, s, shape.Length, elementType, &value));
            (_inputs[index], _inputMemory[index], _inputBytes[index]) = (value, (nint)data, bytes);
        }

        /// <summary>Fills an input buffer.</summary>
        public void Set(int index, ReadOnlySpan<byte> bytes) => bytes.CopyTo(new Span<byte>((void*)_inputMemory[index], _inputBytes[index]));

        /// <summary>Runs the model on the input buffers; the outputs of the run before are released.</summary>
        public void Run()
        {
            void** api = _peer._api;
            for (int i = 0; i < _outputs.Length; i++)
            {
                if (_outputs[i] != 0)
                    ((delegate* unmanaged<nint, void>)api[96])(_outputs[i]);
                _outputs[i] = 0;
            }
            fixed (nint* inputNames = _inputNames, inputs = _inputs, outputNames = _outputNames, outputs = _outputs)
                _peer.Check(((delegate* unmanaged<nint, nint, nint*, nint*, nint, nint*, nint, nint*, nint>)api[9])(
                    _session, 0, inputNames, inputs, _inputs.Length, outputNames, _outputs.Length, outputs));
        }

        /// <summary>An output of the last run; it must be float32.</summary>
        public ReadOnlySpan<float> Output(int index)
        {
            void** api = _peer._api;
            nint shape, count;
            void* data;
            _peer.Check(((delegate* unmanaged<nint, nint*, nint>)api[65])(_outputs[index], &shape));
            _peer.Check(((delegate* unmanaged<nint, nint*, nint>)api[64])(shape, &count));
            ((delegate* unmanaged<nint, void>)api[99])(shape);
            _peer.Check(((delegate* unmanaged<nint, void**, nint>)api[51])(_outputs[index], &data));
            return new ReadOnlySpan<float>(data, (int)count);
        }

        private nint[] Names(void** api, int countEntry, int nameEntry, nint allocator)
        {
            nint count;
            _peer.Check(((delegate* unmanaged<nint, nint*, nint>)api[countEntry])(_session, &count));
            var names = new nint[count];
            for (nint i = 0; i < count; i++)
            {
                nint name;
                _peer.Check(((delegate* unmanaged<nint, nint, nint, nint*, nint>)api[nameEntry])(_session, i, allocator, &name));
                names[i] = name;
            }
            return names;
        }
    }
}
