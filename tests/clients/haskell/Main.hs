{-# LANGUAGE OverloadedStrings #-}
-- | The cases of the matrix for Haskell's `websockets`.
module Main (main) where

import Control.Exception
import Control.Monad
import qualified Data.ByteString as B
import qualified Data.ByteString.Char8 as C
import qualified Data.ByteString.Lazy as L
import Data.IORef
import qualified Data.Text as T
import Data.Text.Encoding (encodeUtf8)
import qualified Network.Socket as S
import qualified Network.Socket.ByteString as S
import Network.WebSockets
import Network.WebSockets.Stream (makeStream)
import System.Environment
import System.IO
import System.Timeout (timeout)

-- | A connection, and the head of the server's answer, which the library keeps for itself.
data Client = Client { socket :: Connection, answered :: B.ByteString }

data Target = Target { host, port, path :: String, token :: B.ByteString }

main :: IO ()
main = do
  hSetBuffering stdout LineBuffering
  url <- getEnv "MATRIX_URL"
  secret <- C.pack <$> getEnv "MATRIX_TOKEN"
  let (authority, rest) = break (== '/') (drop 5 url)
      (name, number) = break (== ':') authority
      target = Target name (drop 1 number) rest secret
  forM_ (cases target) $ \(title, test) -> do
    result <- try (timeout 20000000 test)
    report title $ case result of
      Right (Just ()) -> Nothing
      Right Nothing -> Just "nothing within 20 s"
      Left failure -> Just (show (failure :: SomeException))

report :: String -> Maybe String -> IO ()
report title failure = putStrLn $ "{\"case\": " ++ show title ++ ", \"result\": " ++ result ++ "}"
  where
    result = maybe "\"pass\"" (\detail -> "\"fail\", \"detail\": \"" ++ map plain (take 300 detail) ++ "\"") failure
    plain c = if c `elem` ("\"\\" :: String) || c < ' ' || c > '~' then '\'' else c

cases :: Target -> [(String, IO ())]
cases target =
  [ ("header", with (const (pure ())))
  , ("subprotocol", open target (offer target) $ \c -> do
      unless ("\r\nSec-WebSocket-Protocol: bearer\r\n" `B.isInfixOf` answered c) $ fail (show (answered c))
      finish c)
  , ("typed", with (\c -> said c sample))
  , ("reply", with reply)
  , ("text", with (\c -> said c (T.replicate 65536 "x")))
  , ("binary", with binary)
  , ("ping", with ping)
  , ("heartbeat", with $ \c -> do
      sendTextData (socket c) ("{\"type\":\"wait\",\"milliseconds\":3000}" :: T.Text)
      hears c (saidText "waited"))
  , ("close", as target (token target) $ \c -> do
      sendCloseCode (socket c) 4001 ("done here" :: T.Text)
      closes c 4001 "")
  , ("closed", as target (token target) $ \c -> do
      sendTextData (socket c) ("{\"type\":\"leave\",\"code\":4002,\"reason\":\"enough\"}" :: T.Text)
      closes c 4002 "enough")
  , ("refused", refused target)
  ]
  where with use = as target (token target) (\c -> use c >> finish c)

offer :: Target -> Headers
offer target = [("Sec-WebSocket-Protocol", "bearer, bearer." <> token target)]

as :: Target -> B.ByteString -> (Client -> IO a) -> IO a
as target shown = open target [("Authorization", "Bearer " <> shown)]

open :: Target -> Headers -> (Client -> IO a) -> IO a
open target headers use = do
  info : _ <- S.getAddrInfo Nothing (Just (host target)) (Just (port target))
  bracket (S.socket (S.addrFamily info) S.Stream S.defaultProtocol) S.close $ \tcp -> do
    S.connect tcp (S.addrAddress info)
    firstBytes <- newIORef B.empty
    let receiveSome = do
          bytes <- S.recv tcp 65536
          modifyIORef' firstBytes (\before -> if B.null before then bytes else before)
          pure (if B.null bytes then Nothing else Just bytes)
    stream <- makeStream receiveSome (maybe (pure ()) (S.sendAll tcp . L.toStrict))
    let authority = host target ++ ":" ++ port target
    runClientWithStream stream authority (path target) defaultConnectionOptions headers $ \connection ->
      readIORef firstBytes >>= use . Client connection

finish :: Client -> IO ()
finish c = sendClose (socket c) ("" :: T.Text)

sample :: T.Text
sample = "héllo, wörld ✓"

saidText :: T.Text -> T.Text
saidText text = "{\"type\":\"said\",\"room\":\"lobby\",\"text\":\"" <> text <> "\"}"

said :: Client -> T.Text -> IO ()
said c text = do
  sendTextData (socket c) ("{\"type\":\"say\",\"text\":\"" <> text <> "\"}")
  hears c (saidText text)

hears :: Client -> T.Text -> IO ()
hears c expected = do
  found <- receiveData (socket c)
  when (found /= expected) $ fail (show (T.take 150 found) ++ " instead of " ++ show (T.take 150 expected))

reply :: Client -> IO ()
reply c = do
  forM_ ["a", "b"] $ \name ->
    sendTextData (socket c) ("{\"type\":\"ask\",\"id\":\"" <> name <> "\",\"text\":\"" <> sample <> "\"}")
  forM_ ["a", "b"] $ \name ->
    hears c ("{\"type\":\"answer\",\"id\":\"" <> name <> "\",\"length\":" <> size <> "}")
  where size = T.pack (show (B.length (encodeUtf8 sample)))

binary :: Client -> IO ()
binary c = do
  let bytes = B.pack [fromIntegral (i * 7) | i <- [0 .. 2 ^ (20 :: Int) - 1 :: Int]]
  sendBinaryData (socket c) bytes
  found <- receiveData (socket c)
  when (found /= bytes) $ fail "other bytes"

-- | `receive` shows frames of control, and leaves the answers to them to its caller.
ping :: Client -> IO ()
ping c = do
  sendPing (socket c) ("are you there" :: T.Text)
  pong
  said c sample
  where
    pong = receive (socket c) >>= \message -> case message of
      ControlMessage (Pong payload) -> when (payload /= "are you there") $ fail (show payload)
      ControlMessage (Ping payload) -> send (socket c) (ControlMessage (Pong payload)) >> pong
      other -> fail (show other)

closes :: Client -> Int -> L.ByteString -> IO ()
closes c code reason = do
  end <- try (receiveDataMessage (socket c))
  case end of
    Left (CloseRequest found why) | fromIntegral found == code && (reason == "" || why == reason) -> pure ()
    other -> fail (show other)

refused :: Target -> IO ()
refused target = do
  end <- try (as target "wrong" (const (pure ())))
  case end of
    Left (MalformedResponse answer _) | responseCode answer == 401 -> pure ()
    other -> fail (show other)
